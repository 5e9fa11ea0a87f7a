//! FROM items that are made by a function: UNNEST and its kin, FLATTEN, JSON_TABLE, and whatever else
//! stands before brackets.

use sqlparser::ast::{
    Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, JsonTableColumn, ObjectName, TableAlias,
    TableFactor, Value, WindowType, XmlTableColumnOption,
};

use super::super::super::names::{Named, literal, literal_argument, named};
use super::super::super::rules::{dictionary, is_builtin, path_of};
use super::super::function::Over;
use super::super::{Lowering, start};
use super::{Alias, swallowed};
use crate::dialect::Dialect;
use crate::name::{Quoting, RelationName};
use crate::query::block::{FromItem, Lateral, Source, UnnestOutput};
use crate::query::tree::{Expr, ExprId, LiteralKind, NamedRelation, SubqueryKind, Symbol};

impl<'a> Lowering<'a> {
    /// An item that is neither a relation nor a derived table.
    pub(super) fn function_factor(&mut self, factor: &'a TableFactor) -> FromItem {
        match factor {
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.function_item(name, &args.args, *with_ordinality, alias.as_ref())
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => {
                self.function_item(name, args, *with_ordinality, alias.as_ref())
            }
            TableFactor::TableFunction { expr, alias } => {
                let source = self.table_expression(expr);
                let mut item = self.item_of(source, alias.as_ref(), start::of_expr(expr));
                if matches!(item.source, Source::Unnest { .. } | Source::Function { .. }) {
                    item.lateral = Lateral::Yes;
                }
                item
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } => {
                let arrays = self.exprs(array_exprs);
                let offset = match with_offset_alias.as_ref().filter(|_| swallowed(factor).is_none()) {
                    Some(alias) => Some(self.symbol(alias)),
                    None if *with_offset => Some(self.made_up("offset", Quoting::Bare)),
                    None => None,
                };
                let place = array_exprs.first().and_then(start::of_expr);
                let output = self.unnest_output();
                let mut item = self.unnest(arrays, offset, output, alias.as_ref(), place);
                if *with_ordinality {
                    self.numbered(&mut item);
                }
                item
            }
            TableFactor::JsonTable { json_expr, json_path, columns, alias } => {
                let mut names = Vec::new();
                self.json_columns(columns, &mut names);
                let mut said = vec![json_path.to_string()];
                said.extend(columns.iter().map(ToString::to_string));
                self.declared("json_table", std::iter::once(json_expr), &said, names, alias.as_ref())
            }
            TableFactor::OpenJsonTable { json_expr, json_path, columns, alias } => {
                let mut names = self.symbols(columns.iter().map(|column| &column.name));
                if names.is_empty() {
                    names = ["key", "value", "type"].map(|name| self.made_up(name, Quoting::Bare)).to_vec();
                }
                let mut said: Vec<String> = json_path.iter().map(ToString::to_string).collect();
                said.extend(columns.iter().map(ToString::to_string));
                self.declared("openjson", std::iter::once(json_expr), &said, names, alias.as_ref())
            }
            TableFactor::XmlTable { namespaces, row_expression, passing, columns, alias } => {
                let names = self.symbols(columns.iter().map(|column| &column.name));
                let options = columns.iter().filter_map(|column| match &column.option {
                    XmlTableColumnOption::NamedInfo { path, default, .. } => Some(path.iter().chain(default)),
                    XmlTableColumnOption::ForOrdinality => None,
                });
                let passed = passing.arguments.iter().map(|argument| &argument.expr);
                let args = passed.chain([row_expression]).chain(options.flatten());
                let args = args.chain(namespaces.iter().map(|namespace| &namespace.uri));
                let said: Vec<String> = columns.iter().map(ToString::to_string).collect();
                self.declared("xmltable", args, &said, names, alias.as_ref())
            }
            TableFactor::SemanticView { name, dimensions, metrics, facts, where_clause, alias } => {
                self.semantic_view(name, [dimensions, metrics, facts], where_clause.as_ref(), alias.as_ref())
            }
            // Every other kind has been lowered by the caller.
            _ => {
                self.refuse();
                let source = self.plain_function("unknown", &[]);
                self.item_of(source, None, None)
            }
        }
    }

    /// What UNNEST makes of records: engines with records in arrays mostly take them apart.
    const fn unnest_output(&self) -> UnnestOutput {
        match self.dialect {
            Dialect::DuckDb | Dialect::ClickHouse | Dialect::Databricks => UnnestOutput::Elements,
            _ => UnnestOutput::ElementsOrFields,
        }
    }

    /// WITH ORDINALITY: the number is the last column, and can be named with the others.
    fn numbered(&mut self, item: &mut FromItem) {
        let arrays = match &item.source {
            Source::Unnest { arrays, .. } => arrays.len(),
            _ => 1,
        };
        let name = if item.columns.len() > arrays { item.columns.pop() } else { None };
        let name = name.unwrap_or_else(|| self.made_up("ordinality", Quoting::Bare));
        if let Source::Unnest { offset, .. } | Source::Function { offset, .. } = &mut item.source {
            *offset = Some(name);
        }
    }

    fn function_item(
        &mut self,
        name: &'a ObjectName,
        args: &'a [FunctionArg],
        ordinality: bool,
        alias: Alias<'a>,
    ) -> FromItem {
        let (source, known_as) = match self.named_by_argument(name, args) {
            Some((source, known_as)) => (source, known_as),
            None => (self.function_source(name, args, &[]), None),
        };
        let mut item = self.item_of(source, alias, start::of_name(name));
        item.alias = item.alias.or(known_as);
        if let Source::Function { columns, .. } = &mut item.source
            && columns.is_empty()
            && let Some(alias) = alias.filter(|alias| alias.columns.iter().any(|column| column.data_type.is_some()))
        {
            *columns = item.columns.clone();
            debug_assert_eq!(columns.len(), alias.columns.len());
        }
        if let Some(at) = alias.and_then(|alias: &'a TableAlias| alias.at.as_ref()) {
            let at = self.symbol(at);
            if let Source::Unnest { offset, .. } | Source::Function { offset, .. } = &mut item.source {
                *offset = Some(at);
            }
        }
        if matches!(item.source, Source::Unnest { .. } | Source::Function { .. }) {
            item.lateral = Lateral::Yes;
        }
        if ordinality {
            self.numbered(&mut item);
        }
        item
    }

    /// `IDENTIFIER('orders')` and `STREAM(orders)` of Databricks are the relation in brackets; a CTE
    /// keeps its name.
    fn named_by_argument(&mut self, name: &'a ObjectName, args: &'a [FunctionArg]) -> Option<(Source, Option<Symbol>)> {
        let stream = self.dialect == Dialect::Databricks && Self::is_function(name, &["stream"]);
        if !stream && !Self::is_function(name, &["identifier"]) {
            return None;
        }
        let place = start::of_name(name).map_or(self.origin.0, |place| self.place_of(place));
        if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = args.first().filter(|_| stream)
            && let Some(path) = path_of(expr)
        {
            if let Ast::Identifier(ident) = expr {
                let symbol = self.symbol(ident);
                if let Some(source) = self.cte(symbol, place) {
                    return Some((source, Some(symbol)));
                }
            }
            if let Named::Relation(relation, position) = named(self.dialect, self.origin, &path) {
                let source = self.read(relation, position);
                return Some((self.with_version(source, "stream"), None));
            }
        }
        let text = args.first().and_then(literal_argument)?;
        Some((self.read(RelationName::parse(self.dialect, text), place), None))
    }

    /// The rows that a function makes.
    fn function_source(&mut self, name: &'a ObjectName, args: &'a [FunctionArg], more: &[ExprId]) -> Source {
        if Self::is_function(name, &["flatten"]) && matches!(self.dialect, Dialect::Snowflake | Dialect::Ansi) {
            return self.flatten(args);
        }
        if let Some(output) = self.explosion(name) {
            let mut arrays: Vec<ExprId> = args.iter().map(|arg| self.argument(arg, Over::Values)).collect();
            arrays.extend_from_slice(more);
            let arrays = self.build.list(&arrays);
            return Source::Unnest { arrays, offset: None, output };
        }
        let mut lowered: Vec<ExprId> = args.iter().map(|arg| self.argument(arg, Over::Rows)).collect();
        lowered.extend_from_slice(more);
        if let Some(relation) = dictionary(self.dialect, self.origin, name, args) {
            let block = self.rows_of(relation);
            lowered.push(self.subquery(SubqueryKind::Array, None, block));
        }
        let function = self.function_name(name);
        let args = self.build.list(&lowered);
        let relation = self.routine(name);
        let columns = self.known_columns(name);
        Source::Function { function, relation, args, offset: None, columns }
    }

    /// The relation that the name of a table function can be.
    pub(in super::super) fn routine(&self, name: &ObjectName) -> Option<NamedRelation> {
        let stream = self.dialect == Dialect::Databricks && Self::is_function(name, &["stream"]);
        if stream || Self::is_function(name, &["identifier"]) || (name.0.len() < 2 && is_builtin(self.dialect, name)) {
            return None;
        }
        match named(self.dialect, self.origin, name) {
            Named::Relation(name, position) => Some(NamedRelation { name, position }),
            Named::Elsewhere | Named::Runtime => None,
        }
    }

    /// The columns of table functions that always have the same.
    fn known_columns(&mut self, name: &ObjectName) -> Vec<Symbol> {
        let columns: &[&'static str] = if self.dialect != Dialect::Snowflake {
            &[]
        } else if Self::is_function(name, &["split_to_table", "strtok_split_to_table"]) {
            &["seq", "index", "value"]
        } else {
            &[]
        };
        columns.iter().map(|column| self.made_up(column, Quoting::Bare)).collect()
    }

    /// What rows a function makes of an array, where it is known for that.
    fn explosion(&self, name: &ObjectName) -> Option<UnnestOutput> {
        let spark = matches!(self.dialect, Dialect::Databricks | Dialect::Ansi);
        if Self::is_function(name, &["unnest"]) {
            Some(self.unnest_output())
        } else if spark && Self::is_function(name, &["explode", "explode_outer"]) {
            Some(UnnestOutput::KeyAndValue)
        } else if spark && Self::is_function(name, &["posexplode", "posexplode_outer"]) {
            Some(UnnestOutput::PositionAndElement)
        } else if spark && Self::is_function(name, &["inline", "inline_outer"]) {
            Some(UnnestOutput::ElementsOrFields)
        } else {
            None
        }
    }

    /// FLATTEN: what is flattened, within it the path; then the options by their names.
    fn flatten(&mut self, args: &'a [FunctionArg]) -> Source {
        let mut input = None;
        let mut path = None;
        let mut others = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if index == 0 => input = Some(self.expr(expr)),
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if index == 1 => path = Some(self.expr(expr)),
                FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                    if name.value.eq_ignore_ascii_case("input") {
                        input = Some(self.expr(expr));
                    } else if name.value.eq_ignore_ascii_case("path") {
                        path = Some(self.expr(expr));
                    } else if !name.value.eq_ignore_ascii_case("outer") {
                        others.push(self.argument(arg, Over::Values));
                    }
                }
                other => others.push(self.argument(other, Over::Values)),
            }
        }
        let mut arrays = Vec::new();
        if let Some(input) = input {
            arrays.push(match path {
                Some(path) => self.build.expr(Expr::Index(input, path)),
                None => input,
            });
        }
        arrays.extend(others);
        let arrays = self.build.list(&arrays);
        Source::Unnest { arrays, offset: None, output: UnnestOutput::Flatten }
    }

    /// Whether an item keeps the rows that it has no element for: `FLATTEN(…, OUTER => TRUE)`,
    /// `EXPLODE_OUTER(…)`.
    pub(super) fn is_outer(&self, factor: &TableFactor) -> bool {
        let (name, args): (&ObjectName, &[FunctionArg]) = match factor {
            TableFactor::Table { name, args: Some(args), .. } => (name, &args.args),
            TableFactor::Function { name, args, .. } => (name, args),
            TableFactor::TableFunction {
                expr: Ast::Function(Function { name, args: FunctionArguments::List(list), .. }),
                ..
            } => (name, &list.args),
            _ => return false,
        };
        let outer = |arg: &FunctionArg| match arg {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(Ast::Value(value)), .. } => {
                name.value.eq_ignore_ascii_case("outer") && matches!(value.value, Value::Boolean(true))
            }
            _ => false,
        };
        (Self::is_function(name, &["flatten"]) && args.iter().any(outer))
            || Self::is_function(name, &["explode_outer", "posexplode_outer", "inline_outer"])
    }

    /// `TABLE(…)`: a function, or a name.
    fn table_expression(&mut self, expr: &'a Ast) -> Source {
        if let Ast::Function(_) = expr {
            return self.expression_source(expr);
        }
        match (path_of(expr), literal(expr)) {
            (Some(name), _) => match named(self.dialect, self.origin, &name) {
                Named::Relation(relation, position) => self.read(relation, position),
                Named::Elsewhere | Named::Runtime => {
                    let arg = self.expr(expr);
                    self.plain_function("table", &[arg])
                }
            },
            (None, Some(text)) => self.read(RelationName::parse(self.dialect, text), self.origin.0),
            (None, None) => {
                let arg = self.expr(expr);
                self.plain_function("table", &[arg])
            }
        }
    }

    /// The rows of an expression: a function, with what its window says among the arguments.
    pub(super) fn expression_source(&mut self, expr: &'a Ast) -> Source {
        let Ast::Function(function) = expr else {
            let arg = self.expr(expr);
            return self.plain_function("table", &[arg]);
        };
        let mut more = Vec::new();
        if let Some(WindowType::WindowSpec(spec)) = &function.over {
            more = self.exprs(spec.partition_by.iter().chain(spec.order_by.iter().map(|key| &key.expr)));
        }
        match &function.args {
            FunctionArguments::List(list) => self.function_source(&function.name, &list.args, &more),
            FunctionArguments::None => self.function_source(&function.name, &[], &more),
            FunctionArguments::Subquery(query) => {
                let block = self.query(query);
                more.push(self.subquery(SubqueryKind::Array, None, block));
                self.function_source(&function.name, &[], &more)
            }
        }
    }

    /// A function among expressions, from the parts of one in FROM.
    pub(super) fn function_value(&mut self, name: &'a ObjectName, args: &'a [FunctionArg]) -> ExprId {
        let args: Vec<ExprId> = args.iter().map(|arg| self.argument(arg, Over::Values)).collect();
        let function = self.function_name(name);
        let args = self.build.list(&args);
        self.build.expr(Expr::Call { function, args, clauses: None })
    }

    /// A function that says which columns it has; how they are made is spelled among the arguments.
    fn declared(
        &mut self,
        function: &str,
        args: impl Iterator<Item = &'a Ast>,
        said: &[String],
        columns: Vec<Symbol>,
        alias: Alias<'a>,
    ) -> FromItem {
        let args: Vec<&'a Ast> = args.collect();
        let place = args.first().and_then(|arg| start::of_expr(arg));
        let mut args = self.exprs(args);
        args.extend(said.iter().map(|said| self.literal(LiteralKind::Other, said)).collect::<Vec<_>>());
        let args = self.build.list(&args);
        let function = self.text(function);
        let source = Source::Function { function, relation: None, args, offset: None, columns };
        let mut item = self.item_of(source, alias, place);
        item.lateral = Lateral::Yes;
        item
    }

    fn json_columns(&mut self, columns: &'a [JsonTableColumn], names: &mut Vec<Symbol>) {
        for column in columns {
            match column {
                JsonTableColumn::Named(column) => names.push(self.symbol(&column.name)),
                JsonTableColumn::ForOrdinality(name) => names.push(self.symbol(name)),
                JsonTableColumn::Nested(nested) => self.json_columns(&nested.columns, names),
            }
        }
    }

    /// What is asked of a semantic view is spelled: its names are none of this query's.
    fn semantic_view(
        &mut self,
        name: &'a ObjectName,
        asked: [&'a Vec<Ast>; 3],
        condition: Option<&'a Ast>,
        alias: Alias<'a>,
    ) -> FromItem {
        let mut args = Vec::new();
        let mut columns = Vec::new();
        for expr in asked.into_iter().flatten() {
            args.push(self.literal(LiteralKind::String, &expr.to_string()));
            match expr {
                Ast::Identifier(ident) => columns.push(self.symbol(ident)),
                Ast::CompoundIdentifier(idents) => columns.extend(idents.last().map(|ident| self.symbol(ident))),
                _ => {}
            }
        }
        if let Some(condition) = condition {
            let blocks = self.build.tree().block_count();
            let _ = self.expr(condition);
            if self.build.tree().block_count() > blocks {
                self.refuse();
            }
            args.push(self.literal(LiteralKind::String, &condition.to_string()));
        }
        let function = self.text("semantic_view");
        let args = self.build.list(&args);
        let relation = self.routine(name);
        let source = Source::Function { function, relation, args, offset: None, columns };
        self.item_of(source, alias, start::of_name(name))
    }
}
