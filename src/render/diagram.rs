//! Boxes and arrows between them, before they are written as Mermaid or for Graphviz. It must not know
//! either language.

use std::collections::BTreeMap;

use headsup_lineage::trace::Certainty;

mod depends;
mod lineage;

pub(super) use depends::depends;
pub(super) use lineage::lineage;

/// Boxes and arrows; what is read stands before what reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagram {
    /// What is drawn around boxes that belong together, with what stands above them.
    pub(super) frames: Vec<String>,
    /// The boxes.
    pub(super) boxes: Vec<Shape>,
    /// The arrows.
    pub(super) arrows: Vec<Arrow>,
    ids: BTreeMap<(Option<usize>, String), usize>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// What stands in it.
    pub(super) label: String,
    /// Which of [`Diagram::frames`] it is in.
    pub(super) frame: Option<usize>,
    /// What it stands for.
    pub(super) look: Look,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What was asked about.
    Asked,
    /// A table or a column.
    Plain,
    /// A job.
    Job,
}

/// An arrow between two boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrow {
    /// Where it starts: what is read.
    pub(super) from: usize,
    /// Where it ends: what reads it.
    pub(super) to: usize,
    /// What stands beside it; nothing where that goes without saying.
    pub(super) label: String,
    /// Whether it is known to be there.
    pub(super) certainty: Certainty,
}

impl Diagram {
    /// A frame; give its number to the boxes that are in it.
    pub(super) fn frame(&mut self, label: String) -> usize {
        self.frames.push(label);
        self.frames.len() - 1
    }

    /// The box with a label in a frame; the one that is there already, or a new one.
    pub(super) fn shape(&mut self, frame: Option<usize>, label: &str, look: Look) -> usize {
        let key = (frame, label.to_owned());
        if let Some(known) = self.ids.get(&key) {
            return *known;
        }
        let number = self.boxes.len();
        self.boxes.push(Shape { label: label.to_owned(), frame, look });
        self.ids.insert(key, number);
        number
    }

    /// A box of its own, also where another is called the same.
    pub(super) fn extra(&mut self, label: &str, look: Look) -> usize {
        self.boxes.push(Shape { label: label.to_owned(), frame: None, look });
        self.boxes.len() - 1
    }

    /// An arrow.
    pub(super) fn arrow(&mut self, from: usize, to: usize, label: impl Into<String>, certainty: Certainty) {
        self.arrows.push(Arrow { from, to, label: label.into(), certainty });
    }

    /// The boxes that are in no frame, and those of each frame.
    pub(super) fn members(&self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let mut alone = Vec::new();
        let mut framed = vec![Vec::new(); self.frames.len()];
        for (number, shape) in self.boxes.iter().enumerate() {
            match shape.frame.and_then(|frame| framed.get_mut(frame)) {
                Some(members) => members.push(number),
                None => alone.push(number),
            }
        }
        (alone, framed)
    }
}
