//! Whole forms as lines, for those who look for why two are not one. It must not know which are.

use super::plan::{From, FromPart, Limit, Plan, PlanId};
use super::term::{Column, Over, Part, Sort, Term, TermId, Word};
use super::terms::Terms;
use crate::stack::with_room;

impl Terms {
    /// A plan with all that it is made of. A column is `input.name`, with `^` for each level outward.
    #[must_use]
    pub fn outline(&self, plan: PlanId) -> String {
        let mut text = String::new();
        self.outline_plan(plan, 0, &mut text);
        text
    }

    fn outline_plan(&self, id: PlanId, depth: usize, text: &mut String) {
        const DEEPEST: usize = 40;
        if depth > DEEPEST {
            return;
        }
        let indent = "  ".repeat(depth);
        let mut line = |content: &str| text.push_str(&format!("{indent}{content}\n"));
        let all = |list: &[TermId]| list.iter().map(|term| self.spell(*term)).collect::<Vec<_>>().join(", ");
        let inner: Vec<PlanId> = match self.plan(id) {
            Plan::Relation(name, version) => {
                line(&format!("{}{}", self.text(*name), version.map_or("", |version| self.text(version))));
                Vec::new()
            }
            Plan::Block(block) => {
                line(&format!("select {:?} [{}]", block.distinct, all(&block.outputs)));
                if let Some(rest) = &block.rest {
                    line(&format!("  rest {} of {:?}", self.text(rest.skeleton), rest.parts));
                }
                line(&format!("  from {}", self.spell_from(&block.from)));
                let group = block.group.as_ref();
                let keys = group.map(|group| format!("  group {} {:?}", all(&group.keys), group.sets));
                let parts = [("where", &block.conditions), ("having", &block.having), ("qualify", &block.qualify)];
                for (name, list) in parts.into_iter().filter(|(_, list)| !list.is_empty()) {
                    line(&format!("  {name} {}", all(list)));
                }
                keys.iter().for_each(|keys| line(keys));
                if let Some(limit) = &block.limit {
                    line(&format!("  order {} {}", self.spell_order(&block.order), self.spell_limit(limit)));
                }
                if let Some(why) = block.frozen {
                    line(&format!("  frozen {}", self.text(why)));
                }
                block.inputs.iter().map(|input| input.plan).collect()
            }
            Plan::Set(set) => {
                let limit = set.limit.as_ref().map(|limit| self.spell_limit(limit)).unwrap_or_default();
                line(&format!("{:?} {:?} {} {limit}", set.operator, set.duplicates, self.spell_order(&set.order)));
                set.branches.clone()
            }
            Plan::Values(rows) => {
                line(&format!("values {}", rows.iter().map(|row| all(row)).collect::<Vec<_>>().join("; ")));
                Vec::new()
            }
            Plan::Recursive(inner) => {
                line("recursive");
                vec![*inner]
            }
            Plan::Step(levels) => {
                line(&format!("step {levels}"));
                Vec::new()
            }
            Plan::Unnest(text, args) | Plan::Function(text, _, args) => {
                line(&format!("{}({})", self.text(*text), all(args)));
                Vec::new()
            }
            Plan::Opaque(text, args, inner) => {
                line(&format!("opaque {} {}", self.text(*text), all(args)));
                inner.clone()
            }
        };
        inner.into_iter().for_each(|plan| with_room(|| self.outline_plan(plan, depth + 1, text)));
    }

    fn spell(&self, id: TermId) -> String {
        let list = |terms: &[TermId]| terms.iter().map(|term| self.spell(*term)).collect::<Vec<_>>().join(", ");
        with_room(|| match self.term(id) {
            Term::Column(column) => self.spell_column(*column),
            Term::Apply(operator, args) => format!("{}({})", self.text(*operator), list(args)),
            Term::Call(call) => {
                let distinct = if call.distinct { "distinct " } else { "" };
                let filter = call.filter.map(|filter| format!(" filter {}", self.spell(filter))).unwrap_or_default();
                let over = call.over.as_ref().map(|over| self.spell_over(over)).unwrap_or_default();
                format!("{}({distinct}{}){filter}{over}", self.text(call.function), list(&call.args))
            }
            Term::Subquery(kind, operand, plan) => {
                let operand = operand.map(|operand| self.spell(operand)).unwrap_or_default();
                format!("{operand} {kind:?} {{\n{}}}", self.outline(*plan))
            }
            Term::Case(branches, otherwise) => {
                let branches: Vec<String> = branches
                    .iter()
                    .map(|(when, then)| format!("{} -> {}", self.spell(*when), self.spell(*then)))
                    .collect();
                format!("case({} else {})", branches.join(", "), self.spell(*otherwise))
            }
            Term::Cast(inner, data_type, mode) => {
                format!("cast({} {} {mode:?})", self.spell(*inner), self.text(*data_type))
            }
            Term::Literal(_, text) | Term::Parameter(text) => self.text(*text).to_owned(),
            other => format!("{other:?}"),
        })
    }

    fn spell_column(&self, column: Column) -> String {
        let part = match column.part {
            Part::Place(place) => place.to_string(),
            Part::Name(name) => self.text(name).to_owned(),
            Part::Row => "*".to_owned(),
        };
        format!("{}{}.{part}", "^".repeat(column.level as usize), column.input)
    }

    fn spell_over(&self, over: &Over) -> String {
        let partition: Vec<String> = over.partition.iter().map(|term| self.spell(*term)).collect();
        let frame = over.frame.map(|frame: Word| self.text(frame)).unwrap_or_default();
        format!(" over ({}; {}; {frame})", partition.join(", "), self.spell_order(&over.order))
    }

    fn spell_order(&self, order: &[Sort]) -> String {
        let keys: Vec<String> =
            order.iter().map(|key| format!("{} {:?} {:?}", self.spell(key.term), key.direction, key.nulls)).collect();
        keys.join(", ")
    }

    fn spell_limit(&self, limit: &Limit) -> String {
        let part = |term: Option<TermId>| term.map(|term| self.spell(term)).unwrap_or_default();
        format!("limit {} offset {} by {:?}", part(limit.count), part(limit.offset), limit.by)
    }

    fn spell_from(&self, from: &From) -> String {
        let list = |terms: &[TermId]| terms.iter().map(|term| self.spell(*term)).collect::<Vec<_>>().join(", ");
        let core: Vec<String> = from
            .core
            .iter()
            .map(|part| match part {
                FromPart::Input(input) => input.to_string(),
                FromPart::Full(full) => {
                    let side =
                        |side: &(From, Vec<TermId>)| format!("{} where {}", self.spell_from(&side.0), list(&side.1));
                    format!("({} full {} on {})", side(&full.left), side(&full.right), list(&full.on))
                }
            })
            .collect();
        let steps: Vec<String> = from
            .steps
            .iter()
            .map(|step| format!(" {:?} ({}) on {}", step.kind, self.spell_from(&step.right), list(&step.on)))
            .collect();
        format!("{}{}", core.join(" x "), steps.concat())
    }
}
