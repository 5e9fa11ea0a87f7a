{# What dbt_utils asks the warehouse, answered without one; these stand in for its own even where it is installed. #}
{% macro default__star(from, relation_alias=False, except=[], prefix='', suffix='', quote_identifiers=True) -%}
{%- set leaves_out = target.type in ('snowflake', 'duckdb', 'bigquery', 'databricks', 'spark', 'clickhouse') -%}
{%- set columns = __columns(from) if prefix or suffix or (except and not leaves_out) else none -%}
{%- if columns is not none -%}
{%- set excluded = except | map('lower') | list -%}
{%- set chosen = [] -%}
{%- for column in columns -%}{%- if column | lower not in excluded -%}{%- do chosen.append(column) -%}{%- endif -%}{%- endfor -%}
{%- for column in chosen -%}
{%- if relation_alias -%}{{ relation_alias }}.{%- endif -%}{{ adapter.quote(column) if quote_identifiers else column }}
{%- if prefix or suffix %} as {{ adapter.quote(prefix ~ column ~ suffix) if quote_identifiers else prefix ~ column ~ suffix }}{% endif -%}
{%- if not loop.last -%},{{ '\n  ' }}{%- endif -%}
{%- endfor -%}
{%- else -%}
{%- if prefix or suffix or (except and not leaves_out) -%}{%- do __ask('dbt_utils.star') -%}{%- endif -%}
{%- if relation_alias -%}{{ relation_alias }}.{%- endif -%}*
{%- if except and target.type in ('snowflake', 'duckdb') %} exclude ({{ except | join(', ') }})
{%- elif except and leaves_out %} except ({{ except | join(', ') }})
{%- endif -%}
{%- endif -%}
{%- endmacro %}
{% macro default__get_filtered_columns_in_relation(from, except=[]) -%}
{%- set columns = __columns(from) -%}
{%- if columns is none -%}{%- do __ask('dbt_utils.get_filtered_columns_in_relation') -%}{{ return([]) }}{%- endif -%}
{%- set excluded = except | map('lower') | list -%}
{%- set chosen = [] -%}
{%- for column in columns -%}{%- if column | lower not in excluded -%}{%- do chosen.append(column) -%}{%- endif -%}{%- endfor -%}
{{ return(chosen) }}
{%- endmacro %}
{% macro default__get_column_values(table, column, order_by='count(*) desc', max_records=none, default=none, where=none) %}{% do __ask('dbt_utils.get_column_values') %}{{ return(default if default is not none else []) }}{% endmacro %}
{% macro default__get_query_results_as_dict(query) %}{% do __ask('dbt_utils.get_query_results_as_dict') %}{{ return({}) }}{% endmacro %}
{% macro default__get_single_value(query, default=none) %}{% do __ask('dbt_utils.get_single_value') %}{{ return(default) }}{% endmacro %}
{% macro default__get_relations_by_pattern(schema_pattern, table_pattern, exclude='', database=none) %}{% do run_query("select 1 from information_schema.tables where table_schema ilike '" ~ schema_pattern ~ "'") %}{{ return([]) }}{% endmacro %}
{% macro default__get_relations_by_prefix(schema, prefix, exclude='', database=none) %}{% do run_query("select 1 from information_schema.tables where table_schema ilike '" ~ schema ~ "'") %}{{ return([]) }}{% endmacro %}
{% macro default__union_relations(relations, column_override=none, include=[], exclude=[], source_column_name='_dbt_source_relation', where=none) %}
{%- set known = [] -%}
{%- for relation in relations -%}
{%- set columns = __columns(relation) -%}
{%- if columns is not none -%}{%- do known.append(columns) -%}{%- endif -%}
{%- endfor -%}
{%- if known | length == relations | length and not column_override -%}
{%- set chosen = [] -%}
{%- set included = include | map('lower') | list -%}
{%- set excluded = exclude | map('lower') | list -%}
{%- for columns in known -%}{%- for column in columns -%}
{%- if column not in chosen and column | lower not in excluded and (not included or column | lower in included) -%}{%- do chosen.append(column) -%}{%- endif -%}
{%- endfor -%}{%- endfor -%}
{%- for relation in relations %}
{%- set own = known[loop.index0] %}
(select {% if source_column_name %}cast({{ dbt.string_literal(relation | string | replace('"', '') | replace('`', '')) }} as {{ dbt.type_string() }}) as {{ source_column_name }}, {% endif %}{% for column in chosen %}{% if column in own %}{{ adapter.quote(column) }}{% else %}null as {{ adapter.quote(column) }}{% endif %}{% if not loop.last %}, {% endif %}{% endfor %} from {{ relation }}{% if where %} where {{ where }}{% endif %})
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{%- else -%}
{%- do __ask('dbt_utils.union_relations') -%}
{%- for relation in relations %}
(select {% if source_column_name %}cast({{ dbt.string_literal(relation | string | replace('"', '') | replace('`', '')) }} as {{ dbt.type_string() }}) as {{ source_column_name }}, {% endif %}* from {{ relation }}{% if where %} where {{ where }}{% endif %})
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{%- endif %}
{% endmacro %}
{% macro default__unpivot(relation=none, cast_to='varchar', exclude=none, remove=none, field_name='field_name', value_name='value', quote_identifiers=False) -%}
{%- set columns = __columns(relation) -%}
{%- if columns is none -%}
{%- do __ask('dbt_utils.unpivot') -%}
select * from {{ relation }}
{%- else -%}
{%- set kept = exclude or [] -%}
{%- set left = (kept + (remove or [])) | map('lower') | list -%}
{%- set turned = [] -%}
{%- for column in columns -%}{%- if column | lower not in left -%}{%- do turned.append(column) -%}{%- endif -%}{%- endfor -%}
{%- for column in turned %}
select
{%- for name in kept %}
  {{ adapter.quote(name) if quote_identifiers else name }},
{%- endfor %}
  cast({{ dbt.string_literal(column) }} as {{ dbt.type_string() }}) as {{ adapter.quote(field_name) if quote_identifiers else field_name }},
  cast({{ adapter.quote(column) if quote_identifiers else column }} as {{ cast_to }}) as {{ adapter.quote(value_name) if quote_identifiers else value_name }}
from {{ relation }}
{% if not loop.last %}union all{% endif %}
{%- endfor -%}
{%- endif -%}
{%- endmacro %}
{% macro default__date_spine(datepart, start_date, end_date) %}{{ return(dbt.date_spine(datepart, start_date, end_date)) }}{% endmacro %}
