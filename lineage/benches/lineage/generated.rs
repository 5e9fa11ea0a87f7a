//! A project that nobody wrote, of the shape of a large one on Trino: thousands of small models in a few
//! layers, some with long lists of values. The same for the same number.

use std::sync::Arc;

use super::project::Source;

/// How many models of a kind there are in a hundred.
const LISTS: usize = 2;
const EVENTS: usize = 45;
const TRADES: usize = 30;
const UNIONS: usize = 8;

/// So many models, sources before what reads them.
pub(crate) fn project(models: usize) -> Vec<Source> {
    (0..models).map(|number| model(number, models)).collect()
}

fn list(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(separator)
}

fn model(number: usize, models: usize) -> Source {
    // The layers follow each other, so that a model reads those of lower numbers.
    let place = number * 100 / models.max(1);
    let own = format!("table_{number}");
    let (schema, sql) = if place < LISTS {
        ("tokens", values(number))
    } else if place < LISTS + EVENTS {
        ("events", events(number))
    } else if place < LISTS + EVENTS + TRADES {
        ("trades", trades(number, models * LISTS / 100, models * (LISTS + EVENTS) / 100))
    } else if place < LISTS + EVENTS + TRADES + UNIONS {
        ("unions", unions(models * (LISTS + EVENTS) / 100, models * TRADES / 100, number))
    } else {
        let unions = models * (LISTS + EVENTS + TRADES) / 100;
        ("daily", daily(number, unions, (models * UNIONS / 100).max(1)))
    };
    Source { table: ["hive", schema, &own].map(str::to_owned).to_vec(), texts: vec![Arc::from(sql)] }
}

/// A list of tokens as it is written by hand.
fn values(number: usize) -> String {
    let rows = list(1_000, "\n    , ", |row| {
        format!("(0x{:040x}, 'token {row} of {number}', 'TKN{row}', {})", row * 7_919 + number, row % 19)
    });
    format!(
        "SELECT contract_address, name, symbol, decimals\nFROM (VALUES\n    {rows}\n) AS temp_table (contract_address, name, symbol, decimals)"
    )
}

/// One event of one contract, decoded.
fn events(number: usize) -> String {
    let columns = list(6 + number % 17, "\n    , ", |column| match column % 4 {
        0 => format!("e.field_{column} AS \"value{column}\""),
        1 => format!("CAST(e.field_{column} AS DOUBLE) / POWER(10, 18) AS amount_{column}"),
        2 => format!("COALESCE(e.field_{column}, 0x{:040x}) AS address_{column}", number * 31 + column),
        _ => format!(
            "CASE WHEN e.kind_{column} = 'sell' THEN -e.field_{column} ELSE e.field_{column} END AS signed_{column}"
        ),
    });
    format!(
        "SELECT 'chain_{chain}' AS blockchain\n    , DATE_TRUNC('month', e.evt_block_time) AS block_month\n    , e.evt_block_time AS block_time\n    \
         , e.evt_tx_hash AS tx_hash\n    , e.evt_index\n    , e.contract_address\n    , {columns}\nFROM delta_prod.protocol_{chain}.contract_{number}_evt_swap AS e\n\
         INNER JOIN delta_prod.chain_{chain}.transactions AS tx\n    ON tx.block_time = e.evt_block_time\n    AND tx.hash = e.evt_tx_hash\n\
         WHERE e.evt_block_time >= TIMESTAMP '2021-{month:02}-01 00:00'\n    AND tx.success",
        chain = number % 23,
        month = number % 12 + 1,
    )
}

/// The trades of a project: its events with prices and tokens.
fn trades(number: usize, lists: usize, events: usize) -> String {
    let event = |step: usize| lists + (number * 7 + step) % events.saturating_sub(lists).max(1);
    let parts = list(2 + number % 4, "\n    UNION ALL\n", |step| {
        format!(
            "    SELECT t.block_time, t.block_month, t.tx_hash, t.evt_index, t.contract_address AS project_contract_address\n        \
             , t.amount_1 AS token_bought_amount_raw, t.amount_5 AS token_sold_amount_raw\n        , t.address_2 AS token_bought_address, {step} AS version\n    \
             FROM hive.events.table_{} AS t\n    WHERE t.amount_1 > 0",
            event(step)
        )
    });
    format!(
        "WITH dexs AS (\n{parts}\n), ranked AS (\n    SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.tx_hash, d.evt_index ORDER BY d.version DESC) AS rn\n    FROM dexs AS d\n)\n\
         SELECT 'chain_{chain}' AS blockchain\n    , 'project_{number}' AS project\n    , CAST(r.version AS VARCHAR) AS version\n    , r.block_month\n    , r.block_time\n    \
         , bought.symbol AS token_bought_symbol\n    , sold.symbol AS token_sold_symbol\n    \
         , CASE WHEN LOWER(bought.symbol) > LOWER(sold.symbol) THEN CONCAT(sold.symbol, '-', bought.symbol) ELSE CONCAT(bought.symbol, '-', sold.symbol) END AS token_pair\n    \
         , r.token_bought_amount_raw / POWER(10, bought.decimals) AS token_bought_amount\n    , r.token_sold_amount_raw / POWER(10, sold.decimals) AS token_sold_amount\n    \
         , COALESCE(r.token_bought_amount_raw / POWER(10, p.decimals) * p.price, r.token_sold_amount_raw * p.price) AS amount_usd\n    \
         , r.tx_hash\n    , r.evt_index\n    , tx.\"from\" AS tx_from\n    , tx.\"to\" AS tx_to\n\
         FROM ranked AS r\nINNER JOIN delta_prod.chain_{chain}.transactions AS tx ON tx.hash = r.tx_hash AND tx.block_time = r.block_time\n\
         LEFT JOIN hive.tokens.table_{token} AS bought ON bought.contract_address = r.token_bought_address\n\
         LEFT JOIN hive.tokens.table_{token} AS sold ON sold.contract_address = r.project_contract_address\n\
         LEFT JOIN delta_prod.prices.usd AS p ON p.minute = DATE_TRUNC('minute', r.block_time) AND p.contract_address = r.token_bought_address AND p.blockchain = 'chain_{chain}'\n\
         WHERE r.rn = 1",
        chain = number % 23,
        token = number % lists.max(1),
    )
}

/// The same columns of many projects.
fn unions(first: usize, trades: usize, number: usize) -> String {
    const COLUMNS: &str = "blockchain, project, version, block_month, block_time, token_bought_symbol, token_sold_symbol, token_pair\n        , \
                           token_bought_amount, token_sold_amount, amount_usd, tx_hash, evt_index, tx_from, tx_to";
    let parts = list(5 + number % 12, "\n    UNION ALL\n", |step| {
        format!("    SELECT {COLUMNS}\n    FROM hive.trades.table_{}", first + (number * 13 + step * 5) % trades.max(1))
    });
    format!("SELECT *\nFROM (\n{parts}\n)")
}

/// What happened by day.
fn daily(number: usize, first: usize, unions: usize) -> String {
    format!(
        "WITH by_day AS (\n    SELECT blockchain, project, DATE_TRUNC('day', block_time) AS day, token_pair, tx_from\n        , SUM(amount_usd) AS volume, COUNT(*) AS trades\n        \
         , COUNT(DISTINCT tx_from) AS traders\n    FROM hive.unions.table_{source}\n    WHERE amount_usd IS NOT NULL\n    GROUP BY 1, 2, 3, 4, 5\n)\n\
         SELECT d.blockchain, d.project, d.day, SUM(d.volume) AS volume, SUM(d.trades) AS trades, MAX(d.traders) AS traders\n    \
         , SUM(SUM(d.volume)) OVER (PARTITION BY d.blockchain, d.project ORDER BY d.day) AS total_volume\n    \
         , LAG(SUM(d.volume)) OVER (PARTITION BY d.project ORDER BY d.day) AS volume_before\n\
         FROM by_day AS d\nLEFT JOIN delta_prod.labels.addresses AS l ON l.address = d.tx_from AND l.blockchain = d.blockchain\n\
         WHERE l.category IS NULL OR l.category <> 'wash trading'\nGROUP BY 1, 2, 3",
        source = first + number % unions,
    )
}
