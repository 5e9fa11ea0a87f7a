//! One SELECT: its clauses in the order in which they see one another, FROM first.

use sqlparser::ast::{
    ConnectByKind, Distinct as AstDistinct, ExcludeSelectItem, Expr as Ast, FunctionArg, FunctionArgExpr,
    FunctionArguments, NamedWindowExpr, ObjectName, RenameSelectItem, Select as AstSelect, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, Top, TopQuantity, ValueTableMode, WildcardAdditionalOptions,
};

use super::super::names::{Named, literal_argument, named};
use super::super::rules::{into_builds, path_of};
use super::{Lowering, Scope, start};
use crate::diagnostic::Position;
use crate::query::block::{
    Block, BlockKind, Distinct, Limit, Projection, ProjectionKind, RowShape, Select, Star, StarPattern,
};
use crate::query::tree::{ExprId, List, LiteralKind, Path, Symbol, Window};

mod grouping;
mod marks;

/// Columns that a whole projection leaves out, once for each of its items.
const MAX_EXCLUDED: usize = 1_000_000;

impl<'a> Lowering<'a> {
    pub(super) fn select(&mut self, ast: &'a AstSelect) -> Block {
        let place = self.place_of(start::of_select(ast));
        self.into(ast);
        self.scopes.push(Scope::Items { names: Vec::new(), hidden: 0 });
        let mut select = Select { from: self.from(&ast.from), ..Select::default() };
        self.lateral_views(&ast.lateral_views, &mut select.from);
        let conditions: Vec<ExprId> = self.exprs(ast.prewhere.iter().chain(&ast.selection));
        select.selection = self.all(conditions);
        select.hierarchy = self.hierarchy(&ast.connect_by);
        select.projection = self.projections(&ast.projection, place);
        if let Some(exclude) = &ast.exclude {
            self.excluded(exclude, &mut select.projection);
        }
        self.join_marked(&mut select);
        if ast.flavor == SelectFlavor::FromFirstNoSelect && ast.projection.is_empty() {
            let kind = ProjectionKind::Star(Box::default());
            select.projection.push(Projection { kind, position: place });
        }
        select.group_by = self.group_by(&ast.group_by);
        select.having = ast.having.as_ref().map(|having| self.expr(having));
        for definition in &ast.named_window {
            let name = self.symbol(&definition.0);
            let window = match &definition.1 {
                NamedWindowExpr::NamedWindow(base) => Window { base: Some(self.symbol(base)), ..Window::default() },
                NamedWindowExpr::WindowSpec(spec) => self.window(spec),
            };
            select.windows.push((name, window));
        }
        select.qualify = ast.qualify.as_ref().map(|qualify| self.expr(qualify));
        select.distinct = self.distinct(ast);
        select.shape = match ast.value_table_mode {
            None => RowShape::Columns,
            Some(ValueTableMode::AsStruct | ValueTableMode::DistinctAsStruct) => RowShape::Struct,
            Some(ValueTableMode::AsValue | ValueTableMode::DistinctAsValue) => RowShape::Value,
        };
        let order_by = ast.sort_by.iter().map(|key| self.sort_key(key)).collect::<Vec<_>>();
        let spread: Vec<ExprId> = self.exprs(ast.cluster_by.iter().chain(&ast.distribute_by));
        let limit = ast.top.as_ref().map(|top| self.top(top));
        self.scopes.pop();
        let mut block = Block::new(BlockKind::Select(Box::new(select)), place);
        block.order_by = order_by;
        block.order_by.extend(spread.into_iter().map(super::function::ascending));
        block.limit = limit;
        block
    }

    /// All of some conditions; those that are conjunctions themselves stay as they are.
    pub(super) fn all(&mut self, conditions: Vec<ExprId>) -> Option<ExprId> {
        match conditions.as_slice() {
            [] => None,
            [only] => Some(*only),
            several => Some(self.apply("and", several)),
        }
    }

    /// What SELECT … INTO builds.
    fn into(&mut self, select: &AstSelect) {
        let Some(into) = &select.into else { return };
        let builds = into_builds(self.dialect, self.place);
        let Some(name) = into.targets.first().filter(|_| builds).and_then(path_of) else { return };
        if let Named::Relation(relation, _) = named(self.dialect, self.origin, &name) {
            self.built.push(relation);
        }
    }

    fn hierarchy(&mut self, clauses: &'a [ConnectByKind]) -> List {
        let mut conditions = Vec::new();
        for clause in clauses {
            match clause {
                ConnectByKind::StartWith { condition, .. } => {
                    let condition = self.expr(condition);
                    conditions.push(self.apply("start with", &[condition]));
                }
                ConnectByKind::ConnectBy { nocycle, relationships, .. } => {
                    let relationships = self.exprs(relationships);
                    let name = if *nocycle { "connect by nocycle" } else { "connect by" };
                    conditions.push(self.apply(name, &relationships));
                }
            }
        }
        self.build.list(&conditions)
    }

    fn distinct(&mut self, ast: &'a AstSelect) -> Distinct {
        match &ast.distinct {
            Some(AstDistinct::Distinct) => Distinct::Distinct,
            Some(AstDistinct::On(keys)) => {
                let keys = self.exprs(keys);
                Distinct::On(self.build.list(&keys))
            }
            Some(AstDistinct::All) | None => match ast.value_table_mode {
                Some(ValueTableMode::DistinctAsStruct | ValueTableMode::DistinctAsValue) => Distinct::Distinct,
                _ => Distinct::All,
            },
        }
    }

    fn top(&mut self, top: &'a Top) -> Limit {
        let count = match &top.quantity {
            Some(TopQuantity::Expr(count)) => Some(self.expr(count)),
            Some(TopQuantity::Constant(count)) => Some(self.literal(LiteralKind::Number, &count.to_string())),
            None => None,
        };
        let modifiers = self.limit_modifiers(top.percent, top.with_ties);
        Limit { count, offset: None, by: List::default(), modifiers }
    }

    pub(super) fn projections(&mut self, items: &'a [SelectItem], place: Position) -> Vec<Projection> {
        items.iter().map(|item| self.projection(item, place)).collect()
    }

    fn projection(&mut self, item: &'a SelectItem, place: Position) -> Projection {
        let at =
            |lowering: &Self, expr: &Ast| start::of_expr(expr).map_or(place, |location| lowering.place_of(location));
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let kind = match self.columns_call(expr) {
                    Some(star) => ProjectionKind::Star(Box::new(star)),
                    None => {
                        let name = self.name_of_variable(expr);
                        ProjectionKind::Expr(self.expr(expr), name)
                    }
                };
                Projection { kind, position: at(self, expr) }
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let built = self.expr(expr);
                let alias = self.symbol(alias);
                Projection { kind: ProjectionKind::Expr(built, Some(alias)), position: at(self, expr) }
            }
            SelectItem::ExprWithAliases { expr, aliases } => {
                let built = self.expr(expr);
                let aliases = self.symbols(aliases);
                Projection { kind: ProjectionKind::Several(built, aliases), position: at(self, expr) }
            }
            SelectItem::Wildcard(options) => {
                let star = self.star(None, options);
                let token = options.wildcard_token.0.span.start;
                Projection { kind: ProjectionKind::Star(Box::new(star)), position: self.place_of(token) }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                let path = self.path(name);
                let star = self.star(Some(path), options);
                let position = start::of_name(name).map_or(place, |location| self.place_of(location));
                Projection { kind: ProjectionKind::Star(Box::new(star)), position }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), options) => {
                let built = self.expr(expr);
                let star = self.star(None, options);
                Projection { kind: ProjectionKind::Fields(built, Box::new(star)), position: at(self, expr) }
            }
        }
    }

    pub(super) fn star(&mut self, qualifier: Option<Path>, options: &'a WildcardAdditionalOptions) -> Star {
        let mut star = Star { qualifier, ..Star::default() };
        if let Some(except) = &options.opt_except {
            star.except.push(self.symbol(&except.first_element));
            star.except.extend(self.symbols(&except.additional_elements));
        }
        if let Some(exclude) = &options.opt_exclude {
            star.except.extend(self.exclusion(exclude));
        }
        for item in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            let expr = self.expr(&item.expr);
            let name = self.symbol(&item.column_name);
            star.replace.push((name, expr));
        }
        match &options.opt_rename {
            None => {}
            Some(RenameSelectItem::Single(item)) => {
                star.rename.push((self.symbol(&item.ident), self.symbol(&item.alias)));
            }
            Some(RenameSelectItem::Multiple(items)) => {
                for item in items {
                    star.rename.push((self.symbol(&item.ident), self.symbol(&item.alias)));
                }
            }
        }
        if let Some(like) = &options.opt_ilike {
            star.like = Some(StarPattern::Like(self.text(&like.pattern)));
        }
        star
    }

    fn exclusion(&mut self, exclude: &'a ExcludeSelectItem) -> Vec<Symbol> {
        let names: &[ObjectName] = match exclude {
            ExcludeSelectItem::Single(name) => std::slice::from_ref(name),
            ExcludeSelectItem::Multiple(names) => names,
        };
        names.iter().filter_map(|name| self.last_symbol(name)).collect()
    }

    /// `SELECT …, * EXCLUDE a FROM`: the columns that the whole projection leaves out.
    fn excluded(&mut self, exclude: &'a ExcludeSelectItem, projection: &mut Vec<Projection>) {
        let names = self.exclusion(exclude);
        if names.len().saturating_mul(projection.len()) > MAX_EXCLUDED {
            self.refuse();
            return;
        }
        for item in projection.iter_mut() {
            if let ProjectionKind::Star(star) | ProjectionKind::Fields(_, star) = &mut item.kind {
                star.except.extend_from_slice(&names);
            }
        }
        let hidden = |item: &Projection| match &item.kind {
            ProjectionKind::Expr(_, Some(alias)) => names.contains(alias),
            _ => false,
        };
        projection.retain(|item| !hidden(item));
    }

    /// `COLUMNS('regex')` and `COLUMNS(* EXCLUDE a)` of DuckDB, which stand for columns.
    fn columns_call(&mut self, expr: &'a Ast) -> Option<Star> {
        let Ast::Function(function) = expr else { return None };
        if !Self::is_function(&function.name, &["columns"]) || function.over.is_some() {
            return None;
        }
        let FunctionArguments::List(list) = &function.args else { return None };
        let [only] = list.args.as_slice() else { return None };
        match only {
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Some(Star::default()),
            FunctionArg::Unnamed(FunctionArgExpr::WildcardWithOptions(options)) => Some(self.star(None, options)),
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => {
                let path = self.path(name);
                Some(Star { qualifier: Some(path), ..Star::default() })
            }
            other => {
                let pattern = literal_argument(other)?;
                let pattern = self.text(pattern);
                Some(Star { like: Some(StarPattern::Regex(pattern)), ..Star::default() })
            }
        }
    }
}
