{# The most used macros of dbt_utils, for projects whose packages are not in the repository. What only a
   warehouse knows is answered as widely as possible: a star stays a star. #}
{% macro generate_surrogate_key(field_list) %}{%- set parts = [] -%}{%- set missing = '' if var('surrogate_key_treat_nulls_as_empty_strings', False) else '_dbt_utils_surrogate_key_null_' -%}
{%- for field in field_list -%}{%- do parts.append("coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '" ~ missing ~ "')") -%}{%- if not loop.last -%}{%- do parts.append("'-'") -%}{%- endif -%}{%- endfor -%}
{{ dbt.hash(dbt.concat(parts)) }}{% endmacro %}
{% macro surrogate_key(field_list) %}{{ return(dbt_utils.generate_surrogate_key(field_list if field_list is not string else [field_list] + varargs)) }}{% endmacro %}
{% macro group_by(n) %}group by {% for i in range(1, n + 1) %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}{% endmacro %}
{% macro generate_series(upper_bound) %}{{ return(dbt.generate_series(upper_bound)) }}{% endmacro %}
{% macro pivot(column, values, alias=True, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0, quote_identifiers=True, distinct=False) %}
{%- for value in values %}{{ agg }}({% if distinct %}distinct {% endif %}case when {{ column }} {{ cmp }} '{{ dbt.escape_single_quotes(value) }}' then {{ then_value }} else {{ else_value }} end){% if alias %} as {{ adapter.quote(prefix ~ value ~ suffix) }}{% endif %}{% if not loop.last %}, {% endif %}{% endfor %}
{% endmacro %}
{% macro deduplicate(relation, partition_by, order_by=none) %}
{%- if target.type in ('snowflake', 'bigquery', 'databricks', 'redshift', 'duckdb', 'clickhouse') %}
select * from {{ relation }} qualify row_number() over (partition by {{ partition_by }} order by {{ order_by or partition_by }}) = 1
{%- elif target.type == 'postgres' %}
select distinct on ({{ partition_by }}) * from {{ relation }} order by {{ partition_by }}{% if order_by %}, {{ order_by }}{% endif %}
{%- else %}
select * from (select *, row_number() over (partition by {{ partition_by }} order by {{ order_by or partition_by }}) as rn from {{ relation }}) as numbered where rn = 1
{%- endif %}
{% endmacro %}
{% macro safe_add() %}{% set fields = varargs[0] if varargs[0] is not string else varargs %}({% for field in fields %}coalesce({{ field }}, 0){% if not loop.last %} + {% endif %}{% endfor %}){% endmacro %}
{% macro safe_subtract(field_list) %}({% for field in field_list %}coalesce({{ field }}, 0){% if not loop.last %} - {% endif %}{% endfor %}){% endmacro %}
{% macro safe_divide(numerator, denominator) %}({{ numerator }}) / nullif({{ denominator }}, 0){% endmacro %}
{% macro nullcheck(cols) %}{% for col in cols %}{% if col.is_string() %}nullif({{ col.name }}, '') as {{ col.name }}{% else %}{{ col.name }}{% endif %}{% if not loop.last %}, {% endif %}{% endfor %}{% endmacro %}
{% macro nullcheck_table(relation) %}select * from {{ relation }}{% endmacro %}
{% macro width_bucket(expr, min_value, max_value, num_buckets) %}width_bucket({{ expr }}, {{ min_value }}, {{ max_value }}, {{ num_buckets }}){% endmacro %}
{% macro haversine_distance(lat1, lon1, lat2, lon2, unit='mi') %}2 * {{ '6371' if unit == 'km' else '3961' }} * asin(sqrt(power(sin(radians(({{ lat2 }} - {{ lat1 }}) / 2)), 2) + cos(radians({{ lat1 }})) * cos(radians({{ lat2 }})) * power(sin(radians(({{ lon2 }} - {{ lon1 }}) / 2)), 2))){% endmacro %}
{% macro get_url_parameter(field, url_parameter) %}{{ dbt.split_part(dbt.split_part(field, "'" ~ url_parameter ~ "='", 2), "'&'", 1) }}{% endmacro %}
{% macro get_url_host(field) %}{{ dbt.split_part(dbt.replace(dbt.replace(field, "'http://'", "''"), "'https://'", "''"), "'/'", 1) }}{% endmacro %}
{% macro get_url_path(field) %}{{ dbt.replace(field, dbt_utils.get_url_host(field), "''") }}{% endmacro %}
{% macro slugify(string) %}{{ return(modules.re.sub('[^a-z0-9_]+', '', modules.re.sub('[ -]+', '_', string | lower))) }}{% endmacro %}
{% macro pretty_time(format='%H:%M:%S') %}{{ return(modules.datetime.datetime.now().strftime(format)) }}{% endmacro %}
{% macro pretty_log_format(message) %}{{ return(message) }}{% endmacro %}
{% macro log_info(message) %}{% endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) %}{{ return(dbt.dateadd(datepart, interval, from_date_or_timestamp)) }}{% endmacro %}
{% macro datediff(first_date, second_date, datepart) %}{{ return(dbt.datediff(first_date, second_date, datepart)) }}{% endmacro %}
{% macro date_trunc(datepart, date) %}{{ return(dbt.date_trunc(datepart, date)) }}{% endmacro %}
{% macro last_day(date, datepart) %}{{ return(dbt.last_day(date, datepart)) }}{% endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) %}{{ return(dbt.split_part(string_text, delimiter_text, part_number)) }}{% endmacro %}
{% macro concat(fields) %}{{ return(dbt.concat(fields)) }}{% endmacro %}
{% macro hash(field) %}{{ return(dbt.hash(field)) }}{% endmacro %}
{% macro safe_cast(field, type) %}{{ return(dbt.safe_cast(field, type)) }}{% endmacro %}
{% macro type_string() %}{{ return(dbt.type_string()) }}{% endmacro %}
{% macro type_timestamp() %}{{ return(dbt.type_timestamp()) }}{% endmacro %}
{% macro type_int() %}{{ return(dbt.type_int()) }}{% endmacro %}
{% macro type_numeric() %}{{ return(dbt.type_numeric()) }}{% endmacro %}
{% macro type_float() %}{{ return(dbt.type_float()) }}{% endmacro %}
{% macro current_timestamp() %}{{ return(dbt.current_timestamp()) }}{% endmacro %}
{% macro star(from, relation_alias=False, except=[], prefix='', suffix='', quote_identifiers=True) %}{{ return(adapter.dispatch('star', 'dbt_utils')(from, relation_alias, except, prefix, suffix, quote_identifiers)) }}{% endmacro %}
{% macro get_filtered_columns_in_relation(from, except=[]) %}{{ return(adapter.dispatch('get_filtered_columns_in_relation', 'dbt_utils')(from, except)) }}{% endmacro %}
{% macro get_column_values(table, column, order_by='count(*) desc', max_records=none, default=none, where=none) %}{% do __ask('dbt_utils.get_column_values') %}{{ return(adapter.dispatch('get_column_values', 'dbt_utils')(table, column, order_by, max_records, default, where)) }}{% endmacro %}
{% macro get_query_results_as_dict(query) %}{% do __ask('dbt_utils.get_query_results_as_dict') %}{{ return(adapter.dispatch('get_query_results_as_dict', 'dbt_utils')(query) %}{% do __ask('dbt_utils.get_query_results_as_dict')) }}{% endmacro %}
{% macro get_single_value(query, default=none) %}{% do __ask('dbt_utils.get_single_value') %}{{ return(adapter.dispatch('get_single_value', 'dbt_utils')(query, default)) }}{% endmacro %}
{% macro type_bigint() %}{{ return(dbt.type_bigint()) }}{% endmacro %}
{% macro type_boolean() %}{{ return(dbt.type_boolean()) }}{% endmacro %}
{% macro current_timestamp_in_utc() %}{{ return(dbt.current_timestamp_in_utc()) }}{% endmacro %}
{% macro string_literal(value) %}{{ return(dbt.string_literal(value)) }}{% endmacro %}
{% macro escape_single_quotes(expression) %}{{ return(dbt.escape_single_quotes(expression)) }}{% endmacro %}
{% macro length(expression) %}{{ return(dbt.length(expression)) }}{% endmacro %}
{% macro position(substring_text, string_text) %}{{ return(dbt.position(substring_text, string_text)) }}{% endmacro %}
{% macro replace(field, old_chars, new_chars) %}{{ return(dbt.replace(field, old_chars, new_chars)) }}{% endmacro %}
{% macro right(string_text, length_expression) %}{{ return(dbt.right(string_text, length_expression)) }}{% endmacro %}
{% macro any_value(expression) %}{{ return(dbt.any_value(expression)) }}{% endmacro %}
{% macro bool_or(expression) %}{{ return(dbt.bool_or(expression)) }}{% endmacro %}
{% macro cast_bool_to_text(field) %}{{ return(dbt.cast_bool_to_text(field)) }}{% endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) %}{{ return(dbt.listagg(measure, delimiter_text, order_by_clause, limit_num)) }}{% endmacro %}
{% macro except() %}{{ return(dbt.except()) }}{% endmacro %}
{% macro intersect() %}{{ return(dbt.intersect()) }}{% endmacro %}
{% macro array_construct(inputs=[], data_type=none) %}{{ return(dbt.array_construct(inputs, data_type)) }}{% endmacro %}
{% macro array_append(array, new_element) %}{{ return(dbt.array_append(array, new_element)) }}{% endmacro %}
{% macro array_concat(array_1, array_2) %}{{ return(dbt.array_concat(array_1, array_2)) }}{% endmacro %}
{# What kind of thing a row of information_schema.tables is, in dbt's words. #}
{% macro get_table_types_sql() %}case table_type when 'BASE TABLE' then 'table' when 'EXTERNAL TABLE' then 'external' when 'MATERIALIZED VIEW' then 'materializedview' else lower(table_type) end as {{ adapter.quote('table_type') }}{% endmacro %}
{% macro get_tables_by_pattern_sql(schema_pattern, table_pattern, exclude='', database=none) %}select distinct table_schema, table_name, table_type from information_schema.tables where table_schema ilike '{{ schema_pattern }}' and table_name ilike '{{ table_pattern }}' and table_name not ilike '{{ exclude }}'{% endmacro %}
{% macro get_tables_by_prefix_sql(schema, prefix, exclude='', database=none) %}{{ return(dbt_utils.get_tables_by_pattern_sql(schema, prefix ~ '%', exclude, database)) }}{% endmacro %}
{% macro get_relations_by_pattern(schema_pattern, table_pattern, exclude='', database=none) %}{% do run_query("select 1 from information_schema.tables where table_schema ilike '" ~ schema_pattern ~ "'") %}{{ return(adapter.dispatch('get_relations_by_pattern', 'dbt_utils')(schema_pattern, table_pattern, exclude, database)) }}{% endmacro %}
{% macro get_relations_by_prefix(schema, prefix, exclude='', database=none) %}{% do run_query("select 1 from information_schema.tables where table_schema ilike '" ~ schema ~ "'") %}{{ return(adapter.dispatch('get_relations_by_prefix', 'dbt_utils')(schema, prefix, exclude, database)) }}{% endmacro %}
{% macro union_relations(relations, column_override=none, include=[], exclude=[], source_column_name='_dbt_source_relation', where=none) %}{{ return(adapter.dispatch('union_relations', 'dbt_utils')(relations, column_override, include, exclude, source_column_name, where)) }}{% endmacro %}
{% macro unpivot(relation=none, cast_to='varchar', exclude=none, remove=none, field_name='field_name', value_name='value', quote_identifiers=False) %}{{ return(adapter.dispatch('unpivot', 'dbt_utils')(relation, cast_to, exclude, remove, field_name, value_name, quote_identifiers)) }}{% endmacro %}
{% macro date_spine(datepart, start_date, end_date) %}{{ return(adapter.dispatch('date_spine', 'dbt_utils')(datepart, start_date, end_date)) }}{% endmacro %}
