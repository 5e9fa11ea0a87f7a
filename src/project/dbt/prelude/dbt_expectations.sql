{# The macros of dbt_expectations that stand in models rather than in tests. #}
{% macro group_by(n) %}{{ return(dbt_utils.group_by(n)) }}{% endmacro %}
{% macro log_natural(x) -%}{%- if target.type == 'sqlserver' -%}log({{ x }}){%- else -%}ln({{ x }}){%- endif -%}{%- endmacro %}
{% macro percentile_cont(field, quantile, partition=none) -%}
{%- if target.type == 'bigquery' -%}percentile_cont({{ field }}, {{ quantile }}){% if partition %} over (partition by {{ partition }}){% else %} over (){% endif %}
{%- elif target.type == 'duckdb' -%}quantile_cont({{ field }}, {{ quantile }}){% if partition %} over (partition by {{ partition }}){% endif %}
{%- else -%}percentile_cont({{ quantile }}) within group (order by {{ field }}){% if partition %} over (partition by {{ partition }}){% endif %}{%- endif -%}
{%- endmacro %}
{% macro median(field) -%}{{ dbt_expectations.percentile_cont(field, 0.5) }}{%- endmacro %}
{% macro rand() -%}
{%- if target.type in ('bigquery', 'spark', 'databricks', 'trino', 'athena') -%}rand()
{%- elif target.type == 'snowflake' -%}uniform(0::float, 1::float, random())
{%- else -%}random(){%- endif -%}
{%- endmacro %}
{% macro regexp_instr(source_value, regexp, position=1, occurrence=1, is_raw=False, flags='') -%}
{%- if target.type == 'duckdb' -%}cast(regexp_matches({{ source_value }}, '{{ regexp }}'{% if flags %}, '{{ flags }}'{% endif %}) as integer)
{%- elif target.type == 'bigquery' -%}regexp_instr({{ source_value }}, {% if is_raw %}r{% endif %}'{{ regexp }}', {{ position }}, {{ occurrence }})
{%- else -%}regexp_instr({{ source_value }}, '{{ regexp }}', {{ position }}, {{ occurrence }}){%- endif -%}
{%- endmacro %}
{% macro type_timestamp() %}{{ return(dbt.type_timestamp()) }}{% endmacro %}
{% macro type_datetime() -%}
{%- if target.type == 'bigquery' -%}datetime{%- elif target.type == 'snowflake' -%}timestamp_ntz{%- else -%}timestamp without time zone{%- endif -%}
{%- endmacro %}
