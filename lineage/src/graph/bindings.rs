//! Names that find a relation and mean another: a model is often called like the source that it is built from. It
//! must not know columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Position};
use crate::name::RelationName;
use crate::query::ReadRole;
use crate::relation::Reference;

use super::build::{AT_ONCE, Builder, SetApart};
use super::directory::names;
use super::{LineageGraph, Node};

/// What the names in each relation find before any is set apart, by its place.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    firm: Vec<Vec<Node>>,
    loose: BTreeMap<Node, Vec<LooseBinding>>,
}

/// A name that found a relation whose own name is only its end.
#[derive(Debug, Clone)]
struct LooseBinding {
    read: Node,
    name: RelationName,
    path: Arc<str>,
    position: Position,
}

/// How a name finds what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// By all of itself, or it is an id.
    Firm,
    /// By its end alone.
    Loose,
}

impl Builder {
    /// A model in `orders.sql` that reads `raw.orders`, itself or through others, is named like its
    /// source: nothing is built from itself, so `raw.orders`, wherever it is read, is another table.
    pub(super) fn named_after_sources(&mut self, before: Option<&LineageGraph>) -> SetApart {
        let bindings = self.bindings(before);
        let built = self.built();
        let mut apart = SetApart::new();
        let ways = Ways::of(&bindings);
        for (reader, binding) in bindings.loose() {
            if !ways.lead_back(reader, binding.read) {
                continue;
            }
            let (of_reader, model) = (built.relation(reader), built.relation(binding.read));
            let message = format!("`{}` is taken for a source, not for `{}`", binding.name, model.name);
            let because = match reader == binding.read {
                true => "a model is not built from itself".to_owned(),
                false => format!("`{}` is built from `{}`", model.name, of_reader.name),
            };
            let diagnostic = Diagnostic::note("source-named-like-model", format!("{message}: {because}"))
                .in_file(&*binding.path)
                .at(binding.position)
                .hint("if both are one table, give the project its `schema` in headsup.yml");
            apart.entry(binding.name.clone()).or_insert(diagnostic);
        }
        self.keep_bindings(bindings);
        apart
    }

    fn bindings(&self, before: Option<&LineageGraph>) -> Bindings {
        let readers: Vec<Node> = self.built().nodes().collect();
        let found = readers.par_iter().with_max_len(AT_ONCE).map(|reader| {
            let again = self.then(*reader).zip(before).and_then(|(then, before)| self.bindings_again(then, before));
            again.unwrap_or_else(|| self.bindings_of(*reader))
        });
        let (firm, loose): (Vec<_>, Vec<_>) = found.unzip();
        let loose = readers.into_iter().zip(loose).filter(|(_, loose)| !loose.is_empty()).collect();
        Bindings { firm, loose }
    }

    /// What the names of a relation that reads the same found in the version before.
    fn bindings_again(&self, then: Node, before: &LineageGraph) -> Option<(Vec<Node>, Vec<LooseBinding>)> {
        let firm = before.bindings.firm.get(then.0.index())?.iter().map(|node| self.now(*node));
        let loose = before.bindings.loose.get(&then).into_iter().flatten();
        let loose = loose.map(|binding| Some(LooseBinding { read: self.now(binding.read)?, ..binding.clone() }));
        Some((firm.collect::<Option<_>>()?, loose.collect::<Option<_>>()?))
    }

    fn bindings_of(&self, reader: Node) -> (Vec<Node>, Vec<LooseBinding>) {
        let (mut firm, mut loose) = (Vec::new(), Vec::new());
        let relation = self.built().relation(reader);
        for (writer, reference) in
            relation.writers.iter().flat_map(|writer| writer.reads.iter().map(move |read| (writer, read)))
        {
            let found = self.built().resolve(reference, Some(&relation.project));
            if let (Reference::Name(read), [one]) = (reference, found.as_slice())
                && read.role == ReadRole::Table
                && names(self.built().relation(*one)).all(|name| name.len() < read.name.len())
            {
                loose.push(LooseBinding {
                    read: *one,
                    name: read.name.clone(),
                    path: Arc::clone(&writer.path),
                    position: read.position,
                });
            } else {
                firm.extend(found);
            }
        }
        (firm, loose)
    }
}

impl Bindings {
    fn loose(&self) -> impl Iterator<Item = (Node, &LooseBinding)> {
        self.loose.iter().flat_map(|(reader, bindings)| bindings.iter().map(|binding| (*reader, binding)))
    }
}

/// Who reads whom by all bindings.
struct Ways {
    graph: DiGraph<(), Hold>,
    /// Which circle each relation is in; one that is in none has a circle of its own.
    circles: Vec<usize>,
}

impl Ways {
    fn of(bindings: &Bindings) -> Self {
        let mut graph = DiGraph::new();
        if bindings.loose.is_empty() {
            return Self { graph, circles: Vec::new() };
        }
        bindings.firm.iter().for_each(|_| {
            graph.add_node(());
        });
        for (reader, firm) in bindings.firm.iter().enumerate() {
            for read in firm {
                graph.add_edge(read.0, Node::at(reader).0, Hold::Firm);
            }
        }
        for (reader, binding) in bindings.loose() {
            graph.add_edge(binding.read.0, reader.0, Hold::Loose);
        }
        let mut circles = vec![0; graph.node_count()];
        for (number, nodes) in tarjan_scc(&graph).into_iter().enumerate() {
            nodes.into_iter().for_each(|node| circles[node.index()] = number);
        }
        Self { graph, circles }
    }

    /// Whether what is read is built from its reader, or is it, by firm bindings alone.
    fn lead_back(&self, reader: Node, read: Node) -> bool {
        if self.circles.get(reader.0.index()) != self.circles.get(read.0.index()) {
            return false;
        }
        let mut seen = BTreeSet::new();
        let mut ahead = vec![reader.0];
        while let Some(node) = ahead.pop() {
            if node == read.0 {
                return true;
            }
            if seen.insert(node) {
                let edges = self.graph.edges_directed(node, Direction::Outgoing);
                ahead.extend(edges.filter(|edge| *edge.weight() == Hold::Firm).map(|edge| edge.target()));
            }
        }
        false
    }
}
