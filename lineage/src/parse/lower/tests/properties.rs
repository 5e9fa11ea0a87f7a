//! What holds for every expression: no column in it is lost.

use proptest::prelude::*;

use super::*;

/// Forms with holes for other forms.
const FORMS: [&str; 109] = [
    "(@ + @)",
    "(@ - @ * @)",
    "(@ and @ or not @)",
    "(@ || @)",
    "- @",
    "(@ = @)",
    "(@ is not null)",
    "(@ is distinct from @)",
    "(@ in (@, @))",
    "(@ not between @ and @)",
    "(@ like @ escape @)",
    "(@ ilike @)",
    "(@ similar to @)",
    "(@ = any(@))",
    "case @ when @ then @ else @ end",
    "case when @ then @ end",
    "cast(@ as int)",
    "(@)::text",
    "extract(year from @)",
    "position(@ in @)",
    "substring(@ from @ for @)",
    "trim(leading @ from @)",
    "overlay(@ placing @ from @ for @)",
    "ceil(@)",
    "floor(@ to day)",
    "(@ at time zone @)",
    "(@ collate de)",
    "interval @ day",
    "f(@, @)",
    "s.f(@, g => @)",
    "(@, @)",
    "array[@, @]",
    "(@)[@]",
    "count(distinct @, @)",
    "sum(@) filter (where @)",
    "string_agg(@, ',' order by @ desc)",
    "percentile_cont(@) within group (order by @)",
    "max(@) over (partition by @, @ order by @)",
    "max(@) over (order by @ rows between @ preceding and @ following)",
    "(select @ from u where @)",
    "(select @ from u group by @ having @ order by @ limit 1)",
    "exists (select 1 from u join v on @ where @)",
    "(@ in (select @ from u))",
    "(@ > all (select @ from u))",
    "(select @ from u union all select @ from v)",
    "(with w as (select @ from u) select @ from w where @)",
    "(select 1 from (select @ from u) d, lateral (select @ from v) e)",
    "(select 1 from u, f(@) g, unnest(@) h)",
    "(select distinct on (@) @ from u)",
    "(select @ from u group by grouping sets ((@, @), (@)))",
    "(select @ from (values (@, @)) v)",
    "(select @ over w from u window w as (partition by @ order by @))",
    "coalesce(@, @)",
    "nullif(@, @)",
    "(@ % @)",
    "(@ -> @)",
    "(@ <> @)",
    "(@ rlike @)",
    "(@):a[@]",
    "struct(@ as a, @)",
    "{'k': @, 'l': @}",
    "map {@: @}",
    "f(@, x -> x + @)",
    "convert(int, @)",
    "try_convert(int, @, 3)",
    "array_agg(@ ignore nulls order by @ limit 3)",
    "any_value(@ having max @)",
    "group_concat(@ order by @ separator ',')",
    "(@ in unnest(@))",
    "f(@).g",
    "quantile(@)(@)",
    "json_object('a': @, 'b': @)",
    "json_value(@, '$.a' passing @ as z default @ on empty)",
    "json_query(@, 'x' omit quotes)",
    "cast(@ as row(a array(varchar)))",
    "array<struct<a int>>[@, @]",
    "(select 1 from u, lateral flatten(input => @, outer => true) f)",
    "(select 1 from u pivot (sum(@) for k in ('a')))",
    "(select @ from u qualify @)",
    "(select * replace (@ as x) from u)",
    "(select * from u match_recognize (partition by @ order by @ measures last(@) as d pattern (x) define x as @))",
    "(select @ from u start with @ connect by prior @ = @)",
    "(select top 1 @ from u order by @)",
    "(select @ from u lateral view explode(@) e as x)",
    "(select 1 from u cross join unnest(@) with ordinality w (a, b))",
    "(select 1 from u prewhere @ where @)",
    "(select 1 from u for version as of 3 where @)",
    "(select 1 from u asof join v on @ where @)",
    "(select 1 from u array join f(@) as a)",
    "(select @ from u cross apply f(@) a)",
    "(from u |> where @ |> extend @ as y |> aggregate sum(@) group by @)",
    "array(select @ from u)",
    "if(@, @, @)",
    "date_trunc(month, @)",
    "(@)[offset(@)]",
    "first_value(@) ignore nulls over (order by @)",
    "(select @ from u order by @ limit 1 by @)",
    "array_sort(@, (a, b) -> a + b + @)",
    "(select @ from u group by rollup (@, @))",
    "(select columns(* replace (@ as a)) from u)",
    "(@ ? @ : @)",
    "(@).f(@)",
    "@::array(int)",
    "safe.f(@)",
    "(@ <=> @)",
    "(select * from json_table(@, '$' columns (a int path '$.a')) j)",
    "(select * from openjson(@) with (a int) j)",
    "(select count(*) filter (where @) from u)",
    "listagg(@, ',') within group (order by @) over (partition by @)",
];

/// An expression whose columns have holes for names.
fn expression() -> impl Strategy<Value = String> {
    let leaf = Just("#".to_owned());
    leaf.prop_recursive(3, 24, 4, |inner| {
        let form = proptest::sample::select(FORMS.to_vec());
        (form, proptest::collection::vec(inner, 5)).prop_map(|(form, parts)| {
            let mut parts = parts.iter().cycle();
            let pieces = form.split('@').map(str::to_owned).collect::<Vec<_>>();
            let mut text = pieces[0].clone();
            for piece in &pieces[1..] {
                text.push_str(parts.next().map_or("", String::as_str));
                text.push_str(piece);
            }
            text
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_column_is_lost(expression in expression(), dialect in proptest::sample::select(Dialect::ALL.to_vec())) {
        let mut sql = "select ".to_owned();
        let mut count = 0;
        for (index, piece) in expression.split('#').enumerate() {
            if index > 0 {
                sql.push_str(&format!("q{index}q"));
                count = index;
            }
            sql.push_str(piece);
        }
        sql.push_str(" from t");
        let script = parse(&sql, dialect);
        let lowered = lines(&script).join(" ").to_lowercase();
        // What the parser does not know, or takes for something else, has no trees.
        if script.reading != Reading::Parsed || lowered == "no queries" {
            return Ok(());
        }
        for column in 1..=count {
            prop_assert!(lowered.contains(&format!("q{column}q")), "q{}q of {} is not in {} ({})", column, sql, lowered, dialect);
        }
    }
}
