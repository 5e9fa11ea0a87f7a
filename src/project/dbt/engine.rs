//! Rendering: the renderer with every macro of a project, and one run of it for one node. What
//! dbt's own names mean in a template is next door, in `natives`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use minijinja::value::{Object, ObjectRepr};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use super::call::{Arguments, Cause, Located, Marked, Signal, caused, source};
use super::columns::Columns;
use super::graph::Graph;
use super::rewrite::{self, Rewritten};
use super::sought::{For, Names, Sought};
use super::split::{Block, Parameter};
use super::subject::{Captured, Pass, Subject};
use super::trace::{Question, Questions};
use super::values::{self, lock};
use super::world::World;
use super::{filters, natives, size};

/// How many instructions one template may run.
const TEMPLATE_FUEL: u64 = 3_000_000;
/// How many instructions one node may run, macros included.
const NODE_FUEL: i64 = 30_000_000;
/// What a call of a macro costs beside its instructions.
const CALL_FUEL: i64 = 200;
/// How many bytes may be kept for one instruction.
const WEIGHT_PER_FUEL: i64 = 8;
/// How many bytes of the heaviest value may be gone through for one.
const WEIGHT_PER_TICK: i64 = 128;
/// How deep macros may call each other.
const MAX_DEPTH: usize = 120;
/// How many bytes one node may print.
const MAX_OUTPUT: i64 = 64 << 20;

/// What the names of the templates of macros begin with.
const TEMPLATE: &str = "macro ";

/// A macro, ready to be called.
#[derive(Debug)]
pub(super) struct Macro {
    /// The package that it belongs to.
    pub(super) package: Arc<str>,
    /// Its name.
    pub(super) name: Arc<str>,
    /// Its file.
    pub(super) path: Arc<str>,
    /// The text of its file.
    pub(super) file: Arc<str>,
    /// Where it stands in the file.
    pub(super) outer: Range<usize>,
    parameters: Vec<Parameter>,
    rewritten: Rewritten,
    template: String,
    wants_caller: bool,
}

impl Macro {
    /// A macro from its block in a file.
    pub(super) fn new(package: &Arc<str>, path: &Arc<str>, file: &Arc<str>, block: &Block) -> Self {
        let mut preamble = String::new();
        for parameter in &block.parameters {
            if let Some(default) = &parameter.default {
                let name = &parameter.name;
                preamble.push_str(&format!("{{% set {name} = ({default}) if not __bound.{name} else {name} %}}"));
            }
        }
        Self {
            package: Arc::clone(package),
            name: Arc::from(block.name.as_str()),
            path: Arc::clone(path),
            file: Arc::clone(file),
            outer: block.outer.clone(),
            parameters: block.parameters.clone(),
            rewritten: rewrite::template(file, &block.body, &[], &preamble),
            template: format!("{TEMPLATE}{package}.{}", block.name),
            wants_caller: file[block.body.clone()].contains("caller"),
        }
    }

    /// Whether it is the same macro in the same file, wherever it stands there.
    pub(super) fn is_same(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, other)
            || (self.package == other.package && self.path == other.path && self.text() == other.text())
    }

    /// Its text, tags included.
    pub(super) fn text(&self) -> &str {
        &self.file[self.outer.clone()]
    }
}

/// Whether a hook changes nothing, and the names of macros that were sought to tell.
type Harmless = (bool, Names);

/// Macros by package and name.
pub(super) type Macros = BTreeMap<Arc<str>, foldhash::HashMap<Arc<str>, Arc<Macro>>>;

/// The renderer with every macro of a project.
pub(super) struct Engine {
    env: Environment<'static>,
    /// Its macros.
    pub(super) macros: Arc<Macros>,
    /// What is known of the project beside its nodes.
    pub(super) world: Arc<World>,
    /// The number of that world among the worlds of this run of the program.
    pub(super) world_number: usize,
    /// The number of the world and the macros together.
    pub(super) number: usize,
    /// The nodes, once all have been found; what `ref` means before is not known.
    pub(super) graph: OnceLock<Graph>,
    /// Which columns tables have, as far as somebody asked.
    pub(super) columns: Columns,
    /// Hooks by package and text: many nodes have the same.
    pub(super) hooks: Mutex<HashMap<(Arc<str>, String), Harmless>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Engine")
    }
}

impl Engine {
    /// A renderer that knows the macros.
    pub(super) fn new(world: Arc<World>, (world_number, number): (usize, usize), macros: Vec<Arc<Macro>>) -> Self {
        let mut env = Environment::new();
        env.set_auto_escape_callback(|_| AutoEscape::None);
        env.set_undefined_behavior(UndefinedBehavior::Lenient);
        env.set_fuel(Some(TEMPLATE_FUEL));
        env.set_debug(false);
        env.set_formatter(|out, state, value| {
            if let Some(meter) = state.lookup("__meter").as_ref().and_then(Value::downcast_object_ref::<Meter>) {
                meter.0.print(size::printed(value, MAX_OUTPUT, 0))?;
            }
            minijinja::escape_formatter(out, state, value)
        });
        filters::install(&mut env);
        let mut by_package = Macros::new();
        for one in macros {
            by_package.entry(Arc::clone(&one.package)).or_default().insert(Arc::clone(&one.name), one);
        }
        let macros = Arc::new(by_package);
        let known = Arc::clone(&macros);
        // Of thousands of macros few are called, so each is compiled when it is called first.
        env.set_auto_reload(false);
        env.set_loader(move |template| {
            let (package, name) = template.strip_prefix(TEMPLATE).and_then(|name| name.rsplit_once('.')).unzip();
            let found = package.zip(name).and_then(|(package, name)| known.get(package)?.get(name));
            Ok(found.map(|one| one.rewritten.text.clone()))
        });
        let (graph, columns, hooks) = (OnceLock::new(), Columns::default(), Mutex::default());
        Self { env, macros, world, world_number, number, graph, columns, hooks }
    }
}

/// One rendering of one node.
#[derive(Debug)]
pub(super) struct Run {
    /// The renderer.
    pub(super) engine: Arc<Engine>,
    /// What is rendered.
    pub(super) subject: Arc<Subject>,
    /// Which of dbt's readings this is.
    pub(super) pass: Pass,
    /// What was found.
    pub(super) captured: Mutex<Captured>,
    /// What was asked of the project.
    pub(super) questions: Mutex<Questions>,
    /// `target` and `model`, made when a template first looks at them: one value each for the whole run,
    /// as in dbt.
    pub(super) target: OnceLock<Value>,
    pub(super) model: OnceLock<Value>,
    depth: AtomicUsize,
    fuel: AtomicI64,
    output: AtomicI64,
    /// The weight of the heaviest value so far.
    heaviest: AtomicI64,
}

impl Run {
    /// A run that has not begun.
    pub(super) fn new(engine: &Arc<Engine>, subject: &Arc<Subject>, pass: Pass) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(engine),
            subject: Arc::clone(subject),
            pass,
            captured: Mutex::default(),
            questions: Mutex::default(),
            target: OnceLock::new(),
            model: OnceLock::new(),
            depth: AtomicUsize::new(0),
            fuel: AtomicI64::new(NODE_FUEL),
            output: AtomicI64::new(MAX_OUTPUT),
            heaviest: AtomicI64::new(0),
        })
    }

    /// Takes fuel for instructions that ran.
    pub(super) fn spend(&self, instructions: i64) -> Result<(), Error> {
        if self.fuel.fetch_sub(instructions, Ordering::Relaxed) < instructions {
            return Err(caused(Cause::Limit, "the template runs too long; is there a loop without end?"));
        }
        Ok(())
    }

    /// Takes fuel for a value of some weight that is kept, copied or gone through.
    pub(super) fn carry(&self, weight: i64) -> Result<(), Error> {
        self.heaviest.fetch_max(weight, Ordering::Relaxed);
        self.spend(weight / WEIGHT_PER_FUEL)
    }

    /// Takes fuel for a round of a loop or a call, which may use the heaviest value there is.
    pub(super) fn tick(&self) -> Result<(), Error> {
        self.spend(self.heaviest.load(Ordering::Relaxed) / WEIGHT_PER_TICK)
    }

    fn print(&self, bytes: i64) -> Result<(), Error> {
        if self.output.fetch_sub(bytes, Ordering::Relaxed) < bytes {
            return Err(caused(Cause::Limit, "the template prints more than 64 MB"));
        }
        Ok(())
    }

    /// Renders a template of the subject's file.
    pub(super) fn render(self: &Arc<Self>, template: &Rewritten, file: &str) -> Result<String, Located> {
        let scope = Value::from_object(Scope::of(self));
        let env = &self.engine.env;
        // Whatever a template brings the renderer to, it costs no more than that template.
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let compiled = env.template_from_named_str(&self.subject.path, &template.text)?;
            compiled.render_captured(scope).map(minijinja::Captured::into_output)
        }));
        match caught.unwrap_or_else(|_| Err(values::invalid("the template makes the renderer fail"))) {
            Ok(text) => Ok(text),
            Err(error) => match source::<Signal>(&error) {
                Some(Signal::Return(value)) => Ok(value.to_string()),
                _ => Err(locate(&error, &self.subject.path, file, template)),
            },
        }
    }

    /// The value of an expression, or the text of a template with one, as a property file has them.
    pub(super) fn evaluate(self: &Arc<Self>, text: &str) -> Result<Value, Located> {
        let trimmed = text.trim();
        let pieces = super::tokens::pieces(trimmed);
        if let [piece] = pieces.as_slice()
            && piece.kind == super::tokens::PieceKind::Print
        {
            let expression = rewrite::expression(trimmed, &piece.tokens);
            let value = self
                .engine
                .env
                .compile_expression(&expression)
                .and_then(|compiled| compiled.eval(Value::from_object(Scope::of(self))));
            return match value {
                Ok(value) => Ok(value),
                Err(error) => match source::<Signal>(&error) {
                    Some(Signal::Return(value)) => Ok(value.clone()),
                    _ => Err(locate(&error, &self.subject.path, trimmed, &Rewritten::default())),
                },
            };
        }
        let template = rewrite::template(text, &(0..text.len()), &[], "");
        self.render(&template, text).map(Value::from)
    }

    /// The text of a template inside a value, such as a variable that reads the environment.
    pub(super) fn nested(self: &Arc<Self>, text: &str) -> Result<Value, Error> {
        self.spend(CALL_FUEL)?;
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        let result = if depth >= MAX_DEPTH {
            Err(caused(Cause::Limit, "a variable is defined by itself"))
        } else {
            let template = rewrite::template(text, &(0..text.len()), &[], "");
            let rendered = self.render(&template, text);
            rendered.map(Value::from).map_err(|located| values::invalid(located.message))
        };
        self.depth.fetch_sub(1, Ordering::Relaxed);
        result
    }

    /// Calls a macro with texts and values.
    pub(super) fn call_macro(self: &Arc<Self>, called: &Arc<Macro>, args: &[Value]) -> Result<Value, Error> {
        let mut state = self.engine.env.empty_state();
        MacroValue { called: Arc::clone(called), run: Arc::clone(self) }.invoke(&mut state, args)
    }

    /// What a name means in a template whose macros come from `own` package.
    pub(super) fn lookup(self: &Arc<Self>, own: &Arc<str>, name: &str) -> Option<Value> {
        if let Some(local) = self.subject.local.get(name) {
            return Some(self.macro_value(local));
        }
        let engine = &self.engine;
        self.ask(Question::Name(Arc::clone(own), Arc::from(name)));
        if let Some(found) = engine.before_native(For::Asked, &self.subject.package, name) {
            return Some(self.macro_value(found));
        }
        if let Some(native) = natives::native(self, own, name) {
            return Some(native);
        }
        if let Some(found) = engine.after_native(For::Asked, own, name) {
            return Some(self.macro_value(found));
        }
        (engine.has_package(name) || engine.world.packages.contains_key(name))
            .then(|| Value::from_object(Namespace { run: Arc::clone(self), package: Arc::from(name) }))
    }

    /// Notes what the run asks of the project.
    pub(super) fn ask(&self, question: Question) {
        lock(&self.questions).insert(question);
    }

    /// Tells what the run asked so far.
    pub(super) fn tell(&self, sought: &Sought) {
        sought.add(lock(&self.questions).iter(), &self.engine.world);
    }

    /// A macro as a value.
    pub(super) fn macro_value(self: &Arc<Self>, called: &Arc<Macro>) -> Value {
        Value::from_object(MacroValue { called: Arc::clone(called), run: Arc::clone(self) })
    }
}

/// The error with its place in the file.
fn locate(error: &Error, path: &str, file: &str, template: &Rewritten) -> Located {
    if let Some(Signal::Located(located)) = source::<Signal>(error) {
        return Located::clone(located);
    }
    let cause = match (source::<Marked>(error), error.kind()) {
        (Some(Marked(cause)), _) => *cause,
        (None, ErrorKind::UnknownFunction) => Cause::UnknownMacro,
        (None, ErrorKind::OutOfFuel) => Cause::Limit,
        (None, ErrorKind::SyntaxError) => Cause::Syntax,
        (None, _) => Cause::Other,
    };
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template runs too long; is there a loop without end?".to_owned(),
        (ErrorKind::UnknownFunction, Some(detail)) => {
            format!("`{}` is no macro that is known here", detail.trim_end_matches(" is unknown"))
        }
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    let position = error.range().map(|range| crate::text::position(file, template.origin(range.start)));
    let position = position.or_else(|| {
        let offset: usize =
            template.text.split_inclusive('\n').take(error.line()?.saturating_sub(1)).map(str::len).sum();
        Some(crate::text::position(file, template.origin(offset)))
    });
    Located { path: path.to_owned(), position, message, cause }
}

/// The names that a template sees.
#[derive(Debug)]
struct Scope {
    run: Arc<Run>,
    own: Arc<str>,
    locals: HashMap<Arc<str>, Value>,
}

impl Scope {
    fn of(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), own: Arc::clone(&run.subject.package), locals: HashMap::new() }
    }
}

/// What counts the bytes that are printed.
#[derive(Debug)]
struct Meter(Arc<Run>);

impl Object for Meter {}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if let Some(value) = self.locals.get(key) {
            return Some(value.clone());
        }
        match key {
            "__meter" => Some(Value::from_object(Meter(Arc::clone(&self.run)))),
            "context" => Some(Value::from_dyn_object(Arc::clone(self))),
            _ => self.run.lookup(&self.own, key),
        }
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args.first().and_then(Value::as_str)) {
            ("get", Some(key)) => {
                let default = args.get(1).cloned().unwrap_or_else(|| Value::from(()));
                Ok(self.get_value_by_str(key).unwrap_or(default))
            }
            _ => match self.get_value_by_str(method) {
                Some(value) => value.call(state, args),
                None => Err(Error::from(ErrorKind::UnknownMethod)),
            },
        }
    }
}

/// The macros of a package, as `dbt_utils` in `dbt_utils.star(…)`.
#[derive(Debug)]
struct Namespace {
    run: Arc<Run>,
    package: Arc<str>,
}

impl Object for Namespace {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        self.run.ask(Question::Macro(Arc::clone(&self.package), Arc::from(name)));
        if let Some(found) = self.run.engine.find(For::Asked, &self.package, name) {
            return Some(self.run.macro_value(found));
        }
        if &*self.package != "dbt" {
            return None;
        }
        natives::native(&self.run, &self.package, name)
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match self.get_value(&Value::from(method)) {
            Some(found) => found.call(state, args),
            None if method == "get" => {
                let found = args.first().and_then(|key| self.get_value(key));
                Ok(found.or_else(|| args.get(1).cloned()).unwrap_or_else(|| Value::from(())))
            }
            None => {
                Err(caused(Cause::UnknownMacro, format!("`{}.{method}` is no macro that is known here", self.package)))
            }
        }
    }
}

/// A macro as a value of one run.
#[derive(Debug)]
struct MacroValue {
    called: Arc<Macro>,
    run: Arc<Run>,
}

impl MacroValue {
    fn bind(&self, state: &mut State<'_, '_>, args: &[Value]) -> Result<HashMap<Arc<str>, Value>, Error> {
        let Arguments { positional, keywords } = Arguments::of(args);
        let parameters = &self.called.parameters;
        let mut locals = HashMap::new();
        let mut bound = Vec::new();
        let mut rest = Vec::new();
        for (index, value) in positional.into_iter().enumerate() {
            match parameters.get(index) {
                Some(parameter) => {
                    bound.push((parameter.name.as_str(), Value::from(true)));
                    locals.insert(Arc::from(parameter.name.as_str()), values::own(value));
                }
                None => rest.push(value),
            }
        }
        let mut named = Vec::new();
        for (key, value) in &keywords {
            if parameters.iter().any(|parameter| parameter.name == *key) {
                bound.push((key, Value::from(true)));
                locals.insert(Arc::from(key.as_str()), values::own(value.clone()));
            } else if key == "caller" {
                let text = if self.called.wants_caller { value.call(state, &[])? } else { Value::from("") };
                let caller = super::call::function(move |arguments| {
                    if arguments.positional.is_empty() {
                        return Ok(text.clone());
                    }
                    Err(values::invalid("a call block with parameters cannot be rendered"))
                });
                locals.insert(Arc::from("caller"), caller);
            } else {
                named.push((Value::from(key.as_str()), value.clone()));
            }
        }
        for parameter in parameters {
            locals.entry(Arc::from(parameter.name.as_str())).or_insert(Value::UNDEFINED);
        }
        locals.insert(Arc::from("varargs"), values::list(rest));
        locals.insert(Arc::from("kwargs"), values::dict(named));
        locals.insert(Arc::from("__bound"), values::record(bound));
        Ok(locals)
    }

    fn invoke(&self, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let locals = self.bind(state, args)?;
        self.run.spend(CALL_FUEL)?;
        self.run.tick()?;
        let depth = self.run.depth.fetch_add(1, Ordering::Relaxed);
        let result = if depth >= MAX_DEPTH {
            Err(caused(Cause::Limit, format!("macros call each other more than {MAX_DEPTH} deep")))
        } else {
            let scope = Scope { run: Arc::clone(&self.run), own: Arc::clone(&self.called.package), locals };
            self.render(Value::from_object(scope))
        };
        self.run.depth.fetch_sub(1, Ordering::Relaxed);
        result
    }

    fn render(&self, scope: Value) -> Result<Value, Error> {
        let engine = &self.run.engine;
        let result = match engine.env.get_template(&self.called.template) {
            Ok(template) if self.called.path != self.run.subject.path => template.render_captured(scope),
            // A macro of the model's own file, or one that does not compile, which is told again here.
            _ => {
                let text = &self.called.rewritten.text;
                let template = engine.env.template_from_named_str(&self.called.template, text);
                template.and_then(|template| template.render_captured(scope))
            }
        };
        match result {
            Ok(rendered) => {
                let spent = rendered.state().fuel_levels().map_or(0, |(spent, _)| spent);
                self.run.spend(i64::try_from(spent).unwrap_or(i64::MAX))?;
                Ok(Value::from(rendered.into_output()))
            }
            Err(error) => match source::<Signal>(&error) {
                Some(Signal::Return(value)) => Ok(value.clone()),
                Some(Signal::Located(_)) => Err(error),
                None => {
                    let located = locate(&error, &self.called.path, &self.called.file, &self.called.rewritten);
                    let detail = located.message.clone();
                    Err(Error::new(error.kind(), detail).with_source(Signal::Located(Box::new(located))))
                }
            },
        }
    }
}

impl Object for MacroValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str()? == "name").then(|| Value::from(&*self.called.name))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.invoke(state, args)
    }
}

/// The run that a state of the renderer belongs to.
pub(super) fn run_of(state: &State<'_, '_>) -> Option<Arc<Run>> {
    let meter = state.lookup("__meter")?;
    meter.downcast_object_ref::<Meter>().map(|meter| Arc::clone(&meter.0))
}

/// Adds to what a run found.
pub(super) fn capture(run: &Run, add: impl FnOnce(&mut Captured)) {
    add(&mut lock(&run.captured));
}
