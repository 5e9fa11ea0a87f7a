//! How long texts take to become trees, trees what their columns depend on, and both together the graph
//! of a project, on a twentieth of a project of 7,900 models.
//!
//!     cargo bench -p headsup-lineage
//!
//! `examples/project_graph.rs` does the same with SQL from files.
#![allow(missing_docs)]

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::NoSchemas;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::parse::parse;
use headsup_lineage::query::Script;
use headsup_lineage::relation::Relation;
use mimalloc::MiMalloc;
use project::{Source, relation};
use rayon::prelude::*;

#[path = "lineage/generated.rs"]
mod generated;
#[path = "lineage/project.rs"]
mod project;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const MODELS: usize = 7_900 / 20;

fn relations(sources: &[Source]) -> Vec<Relation> {
    sources.par_iter().map(|source| relation(source.clone(), Dialect::Trino)).collect()
}

fn stages(criterion: &mut Criterion) {
    let sources = generated::project(MODELS);
    let texts: Vec<Arc<str>> = sources.iter().flat_map(|source| &source.texts).map(Arc::clone).collect();
    let scripts: Vec<Script> = texts.iter().map(|text| parse(text, Dialect::Trino)).collect();
    let relations_of_all = relations(&sources);
    let mut group = criterion.benchmark_group("lineage");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
    group.bench_function("parse", |bench| {
        bench.iter(|| texts.iter().map(|text| parse(text, Dialect::Trino).statements.len()).sum::<usize>());
    });
    group.bench_function("resolve", |bench| {
        let queries = || scripts.iter().flat_map(|script| &script.statements).filter_map(|one| one.queries.as_ref());
        bench.iter(|| queries().map(|queries| lineage(queries, &NoSchemas).len()).sum::<usize>());
    });
    group.bench_function("compose", |bench| {
        let relations = || relations_of_all.clone();
        bench.iter_batched(relations, |all| LineageGraph::build(all, &Tables::default()), BatchSize::LargeInput);
    });
    group.bench_function("project", |bench| {
        bench.iter(|| LineageGraph::build(relations(&sources), &Tables::default()));
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
