{# The calendar macros of dbt_date, for projects whose packages are not in the repository: what each is documented to
   return, written anew with dbt's own macros for what differs between warehouses. #}
{% macro __zone(tz) %}{{ return(tz if tz else var('dbt_date:time_zone', 'America/Los_Angeles')) }}{% endmacro %}
{% macro date(year, month, day) %}{{ return(modules.datetime.date(year, month, day)) }}{% endmacro %}
{% macro datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tz=none) %}{{ return(modules.datetime.datetime(year, month, day, hour, minute, second, microsecond)) }}{% endmacro %}
{% macro convert_timezone(column, target_tz=none, source_tz=none) -%}
{%- set to = dbt_date.__zone(target_tz) -%}{%- set from = source_tz or 'UTC' -%}
{%- if target.type == 'bigquery' -%}timestamp(datetime({{ column }}, '{{ to }}'))
{%- elif target.type in ('postgres', 'duckdb') -%}cast(cast({{ column }} as timestamp) at time zone '{{ from }}' at time zone '{{ to }}' as timestamp)
{%- elif target.type in ('trino', 'athena') -%}cast(at_timezone(with_timezone(cast({{ column }} as timestamp), '{{ from }}'), '{{ to }}') as timestamp)
{%- elif target.type in ('spark', 'databricks') -%}from_utc_timestamp(to_utc_timestamp({{ column }}, '{{ from }}'), '{{ to }}')
{%- elif target.type == 'clickhouse' -%}toTimeZone({{ column }}, '{{ to }}')
{%- elif source_tz -%}convert_timezone('{{ source_tz }}', '{{ to }}', cast({{ column }} as {{ dbt.type_timestamp() }}))
{%- else -%}convert_timezone('{{ to }}', cast({{ column }} as {{ dbt.type_timestamp() }}))
{%- endif -%}
{%- endmacro %}
{% macro now(tz=none) -%}{{ dbt_date.convert_timezone(dbt.current_timestamp(), tz) }}{%- endmacro %}
{% macro today(tz=none) -%}cast({{ dbt_date.now(tz) }} as date){%- endmacro %}
{% macro n_days_away(n, date=none, tz=none) -%}{{ dbt_date.n_days_ago(-1 * n, date, tz) }}{%- endmacro %}
{% macro n_days_ago(n, date=none, tz=none) -%}{%- set anchor = date if date else dbt_date.today(tz) -%}cast({{ dbt.dateadd('day', -1 * (n | int), anchor) }} as date){%- endmacro %}
{% macro yesterday(date=none, tz=none) -%}{{ dbt_date.n_days_ago(1, date, tz) }}{%- endmacro %}
{% macro tomorrow(date=none, tz=none) -%}{{ dbt_date.n_days_away(1, date, tz) }}{%- endmacro %}
{% macro n_weeks_ago(n, tz=none) -%}{{ dbt.dateadd('week', -1 * (n | int), dbt.date_trunc('week', dbt_date.today(tz))) }}{%- endmacro %}
{% macro n_weeks_away(n, tz=none) -%}{{ dbt.dateadd('week', n | int, dbt.date_trunc('week', dbt_date.today(tz))) }}{%- endmacro %}
{% macro last_week(tz=none) -%}{{ dbt_date.n_weeks_ago(1, tz) }}{%- endmacro %}
{% macro next_week(tz=none) -%}{{ dbt_date.n_weeks_away(1, tz) }}{%- endmacro %}
{% macro n_months_ago(n, tz=none) -%}{{ dbt.dateadd('month', -1 * (n | int), dbt.date_trunc('month', dbt_date.today(tz))) }}{%- endmacro %}
{% macro n_months_away(n, tz=none) -%}{{ dbt.dateadd('month', n | int, dbt.date_trunc('month', dbt_date.today(tz))) }}{%- endmacro %}
{% macro last_month(tz=none) -%}{{ dbt_date.n_months_ago(1, tz) }}{%- endmacro %}
{% macro next_month(tz=none) -%}{{ dbt_date.n_months_away(1, tz) }}{%- endmacro %}
{% macro last_month_number(tz=none) -%}{{ dbt_date.date_part('month', dbt_date.last_month(tz)) }}{%- endmacro %}
{% macro next_month_number(tz=none) -%}{{ dbt_date.date_part('month', dbt_date.next_month(tz)) }}{%- endmacro %}
{% macro last_month_name(short=True, tz=none) -%}{{ dbt_date.month_name(dbt_date.last_month(tz), short) }}{%- endmacro %}
{% macro next_month_name(short=True, tz=none) -%}{{ dbt_date.month_name(dbt_date.next_month(tz), short) }}{%- endmacro %}
{% macro date_part(datepart, date) -%}
{%- if target.type in ('bigquery', 'trino', 'athena') -%}extract({{ datepart }} from {{ date }})
{%- else -%}date_part('{{ datepart }}', {{ date }}){%- endif -%}
{%- endmacro %}
{% macro day_of_month(date) -%}{{ dbt_date.date_part('day', date) }}{%- endmacro %}
{% macro day_of_year(date) -%}
{%- if target.type == 'bigquery' -%}{{ dbt_date.date_part('dayofyear', date) }}
{%- elif target.type in ('trino', 'athena') -%}day_of_year({{ date }})
{%- else -%}{{ dbt_date.date_part('doy', date) }}{%- endif -%}
{%- endmacro %}
{% macro day_of_week(date, isoweek=true) -%}
{%- set sundays_first = target.type in ('bigquery', 'spark', 'databricks') -%}
{%- if target.type in ('trino', 'athena') -%}{%- if isoweek -%}day_of_week({{ date }}){%- else -%}mod(day_of_week({{ date }}), 7) + 1{%- endif -%}
{%- elif target.type in ('postgres', 'duckdb') -%}{%- if isoweek -%}{{ dbt_date.date_part('isodow', date) }}{%- else -%}{{ dbt_date.date_part('dow', date) }} + 1{%- endif -%}
{%- elif target.type == 'snowflake' and isoweek -%}dayofweekiso({{ date }})
{%- else -%}
{%- set number = 'dayofweek(' ~ date ~ ')' if sundays_first and target.type != 'bigquery' else dbt_date.date_part('dayofweek', date) -%}
{%- set number = number if sundays_first else number ~ ' + 1' -%}
{%- if isoweek -%}case when {{ number }} = 1 then 7 else {{ number }} - 1 end{%- else -%}{{ number }}{%- endif -%}
{%- endif -%}
{%- endmacro %}
{# Names in another language than the warehouse's are not looked up: it is enough that they are other values. #}
{% macro day_name(date, short=True, language='default') -%}
{%- if language != 'default' -%}coalesce({{ dbt_date.day_name(date, short) }}, '{{ language }}')
{%- else -%}{{ dbt_date.__day_name(date, short) }}{%- endif -%}
{%- endmacro %}
{% macro __day_name(date, short) -%}
{%- if target.type == 'snowflake' and short -%}dayname({{ date }})
{%- elif target.type == 'bigquery' -%}format_date('{{ '%a' if short else '%A' }}', cast({{ date }} as date))
{%- elif target.type == 'duckdb' -%}strftime({{ date }}, '{{ '%a' if short else '%A' }}')
{%- elif target.type in ('spark', 'databricks') -%}date_format({{ date }}, '{{ 'E' if short else 'EEEE' }}')
{%- elif target.type in ('trino', 'athena') -%}date_format({{ date }}, '{{ '%a' if short else '%W' }}')
{%- else -%}to_char({{ date }}, '{{ 'Dy' if short else 'FMDay' }}'){%- endif -%}
{%- endmacro %}
{% macro month_name(date, short=True, tz=none, language='default') -%}
{%- if language != 'default' -%}coalesce({{ dbt_date.month_name(date, short) }}, '{{ language }}')
{%- else -%}{{ dbt_date.__month_name(date, short) }}{%- endif -%}
{%- endmacro %}
{% macro __month_name(date, short) -%}
{%- if target.type == 'snowflake' and short -%}monthname({{ date }})
{%- elif target.type == 'bigquery' -%}format_date('{{ '%b' if short else '%B' }}', cast({{ date }} as date))
{%- elif target.type == 'duckdb' -%}strftime({{ date }}, '{{ '%b' if short else '%B' }}')
{%- elif target.type in ('spark', 'databricks') -%}date_format({{ date }}, '{{ 'LLL' if short else 'LLLL' }}')
{%- elif target.type in ('trino', 'athena') -%}date_format({{ date }}, '{{ '%b' if short else '%M' }}')
{%- else -%}to_char({{ date }}, '{{ 'Mon' if short else 'FMMonth' }}'){%- endif -%}
{%- endmacro %}
{% macro week_start(date=none, tz=none) -%}
{%- set anchor = date if date else dbt_date.today(tz) -%}
{%- if target.type == 'bigquery' -%}cast(date_trunc({{ anchor }}, week) as date)
{%- else -%}cast({{ dbt.dateadd('day', -1, dbt.date_trunc('week', dbt.dateadd('day', 1, anchor))) }} as date){%- endif -%}
{%- endmacro %}
{% macro week_end(date=none, tz=none) -%}cast({{ dbt.dateadd('day', 6, dbt_date.week_start(date, tz)) }} as date){%- endmacro %}
{% macro iso_week_start(date=none, tz=none) -%}
{%- set anchor = date if date else dbt_date.today(tz) -%}
cast({{ dbt.date_trunc('isoweek' if target.type == 'bigquery' else 'week', anchor) }} as date)
{%- endmacro %}
{% macro iso_week_end(date=none, tz=none) -%}cast({{ dbt.dateadd('day', 6, dbt_date.iso_week_start(date, tz)) }} as date){%- endmacro %}
{% macro week_of_year(date=none, tz=none) -%}
{%- set anchor = date if date else dbt_date.today(tz) -%}
{%- if target.type in ('postgres', 'redshift') -%}cast(to_char({{ anchor }}, 'WW') as integer)
{%- elif target.type == 'duckdb' -%}cast(ceil(dayofyear({{ anchor }}) / 7.0) as integer)
{%- else -%}cast({{ dbt_date.date_part('week', anchor) }} as {{ dbt.type_int() }}){%- endif -%}
{%- endmacro %}
{% macro iso_week_of_year(date=none, tz=none) -%}
{%- set anchor = date if date else dbt_date.today(tz) -%}
{%- set part = {'bigquery': 'isoweek', 'snowflake': 'weekiso'}.get(target.type, 'week') -%}
cast({{ dbt_date.date_part(part, anchor) }} as {{ dbt.type_int() }})
{%- endmacro %}
{% macro iso_year_week(date) -%}
{%- if target.type == 'bigquery' -%}format_date('%G-W%V', cast({{ date }} as date))
{%- elif target.type == 'duckdb' -%}strftime({{ date }}, '%G-W%V')
{%- elif target.type == 'snowflake' -%}yearofweekiso({{ date }}) || '-W' || lpad(weekiso({{ date }}), 2, '0')
{%- elif target.type in ('spark', 'databricks') -%}date_part('yearofweek', {{ date }}) || '-W' || lpad(weekofyear({{ date }}), 2, '0')
{%- elif target.type in ('trino', 'athena') -%}date_format({{ date }}, '%x-W%v')
{%- else -%}to_char({{ date }}, 'IYYY-"W"IW'){%- endif -%}
{%- endmacro %}
{% macro periods_since(date_col, period_name='day', tz=none) -%}{{ dbt.datediff(date_col, dbt_date.now(tz), period_name) }}{%- endmacro %}
{% macro round_timestamp(timestamp) -%}{{ dbt.date_trunc('day', dbt.dateadd('hour', 12, timestamp)) }}{%- endmacro %}
{% macro to_unixtimestamp(timestamp) -%}
{%- if target.type == 'bigquery' -%}unix_seconds({{ timestamp }})
{%- elif target.type in ('spark', 'databricks') -%}unix_timestamp({{ timestamp }})
{%- elif target.type in ('trino', 'athena') -%}to_unixtime({{ timestamp }})
{%- else -%}{{ dbt_date.date_part('epoch_seconds' if target.type == 'snowflake' else 'epoch', timestamp) }}{%- endif -%}
{%- endmacro %}
{% macro from_unixtimestamp(epochs, format='seconds') -%}
{%- set per = {'seconds': 1, 'milliseconds': 1000, 'microseconds': 1000000, 'nanoseconds': 1000000000}[format] -%}
{%- if target.type == 'bigquery' -%}timestamp_micros(cast({{ epochs }} * {{ 1000000 // per if per <= 1000000 else '0.001' }} as int64))
{%- elif target.type == 'snowflake' -%}to_timestamp_ntz({{ epochs }}, {{ {1: 0, 1000: 3, 1000000: 6, 1000000000: 9}[per] }})
{%- elif target.type in ('spark', 'databricks') -%}timestamp_micros(cast({{ epochs }} * 1000000 / {{ per }} as bigint))
{%- elif target.type in ('trino', 'athena') -%}cast(from_unixtime({{ epochs }} / {{ per }}e0) as timestamp)
{%- else -%}cast(to_timestamp({{ epochs }}{% if per > 1 %} / {{ per }}.0{% endif %}) at time zone 'UTC' as timestamp){%- endif -%}
{%- endmacro %}
{% macro get_base_dates(start_date=none, end_date=none, n_dateparts=none, datepart='day') %}
{%- if start_date and end_date -%}
{%- set first = "cast('" ~ start_date ~ "' as " ~ dbt.type_timestamp() ~ ')' -%}{%- set last = "cast('" ~ end_date ~ "' as " ~ dbt.type_timestamp() ~ ')' -%}
{%- elif n_dateparts and datepart -%}
{%- set first = dbt.dateadd(datepart, -1 * n_dateparts, dbt_date.today()) -%}{%- set last = dbt_date.tomorrow() -%}
{%- endif -%}
with spine as (
{{ dbt_utils.date_spine(datepart, first, last) }}
)
select cast(spine.date_{{ datepart }} as {{ 'date' if target.type == 'bigquery' and datepart == 'day' else dbt.type_timestamp() }}) as date_{{ datepart }}
from spine
{% endmacro %}
{% macro get_date_dimension(start_date, end_date) %}
with days as (
select cast(base.date_day as date) as date_day, cast({{ dbt.dateadd('year', -1, 'base.date_day') }} as date) as prior_year_date_day, cast({{ dbt.dateadd('day', -364, 'base.date_day') }} as date) as prior_year_over_year_date_day
from (
{{ dbt_date.get_base_dates(start_date, end_date) }}
) as base
)
select
days.date_day,
{{ dbt_date.yesterday('days.date_day') }} as prior_date_day,
{{ dbt_date.tomorrow('days.date_day') }} as next_date_day,
days.prior_year_date_day,
days.prior_year_over_year_date_day,
{{ dbt_date.day_of_week('days.date_day', isoweek=false) }} as day_of_week,
{{ dbt_date.day_of_week('days.date_day', isoweek=true) }} as day_of_week_iso,
{{ dbt_date.day_name('days.date_day', short=false) }} as day_of_week_name,
{{ dbt_date.day_name('days.date_day', short=true) }} as day_of_week_name_short,
{{ dbt_date.day_of_month('days.date_day') }} as day_of_month,
{{ dbt_date.day_of_year('days.date_day') }} as day_of_year,
{{ dbt_date.week_start('days.date_day') }} as week_start_date,
{{ dbt_date.week_end('days.date_day') }} as week_end_date,
{{ dbt_date.week_start('days.prior_year_over_year_date_day') }} as prior_year_week_start_date,
{{ dbt_date.week_end('days.prior_year_over_year_date_day') }} as prior_year_week_end_date,
{{ dbt_date.week_of_year('days.date_day') }} as week_of_year,
{{ dbt_date.iso_week_start('days.date_day') }} as iso_week_start_date,
{{ dbt_date.iso_week_end('days.date_day') }} as iso_week_end_date,
{{ dbt_date.iso_week_start('days.prior_year_over_year_date_day') }} as prior_year_iso_week_start_date,
{{ dbt_date.iso_week_end('days.prior_year_over_year_date_day') }} as prior_year_iso_week_end_date,
{{ dbt_date.iso_week_of_year('days.date_day') }} as iso_week_of_year,
{{ dbt_date.iso_year_week('days.date_day') }} as iso_year_week,
{{ dbt_date.week_of_year('days.prior_year_over_year_date_day') }} as prior_year_week_of_year,
{{ dbt_date.iso_week_of_year('days.prior_year_over_year_date_day') }} as prior_year_iso_week_of_year,
cast({{ dbt_date.date_part('month', 'days.date_day') }} as {{ dbt.type_int() }}) as month_of_year,
{{ dbt_date.month_name('days.date_day', short=false) }} as month_name,
{{ dbt_date.month_name('days.date_day', short=true) }} as month_name_short,
cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start_date,
cast({{ dbt.last_day('days.date_day', 'month') }} as date) as month_end_date,
cast({{ dbt.date_trunc('month', 'days.prior_year_date_day') }} as date) as prior_year_month_start_date,
cast({{ dbt.last_day('days.prior_year_date_day', 'month') }} as date) as prior_year_month_end_date,
cast({{ dbt_date.date_part('quarter', 'days.date_day') }} as {{ dbt.type_int() }}) as quarter_of_year,
cast({{ dbt.date_trunc('quarter', 'days.date_day') }} as date) as quarter_start_date,
cast({{ dbt.last_day('days.date_day', 'quarter') }} as date) as quarter_end_date,
cast({{ dbt_date.date_part('year', 'days.date_day') }} as {{ dbt.type_int() }}) as year_number,
cast({{ dbt.date_trunc('year', 'days.date_day') }} as date) as year_start_date,
cast({{ dbt.last_day('days.date_day', 'year') }} as date) as year_end_date
from days
order by 1
{% endmacro %}
{# Years of whole weeks: each ends with the week whose last day is nearest to the end of its last month. #}
{% macro get_fiscal_year_dates(dates, year_end_month=12, week_start_day=1, shift_year=1) %}{{ return(adapter.dispatch('get_fiscal_year_dates', 'dbt_date')(dates, year_end_month, week_start_day, shift_year)) }}{% endmacro %}
{% macro default__get_fiscal_year_dates(dates, year_end_month, week_start_day, shift_year) %}
with days as (select * from {{ dates }}),
fiscal_weeks as (
select date_day as week_start_date, cast({{ dbt.dateadd('day', 6, 'date_day') }} as date) as week_end_date, month_of_year, year_number - {{ shift_year }} as fiscal_year_number
from days where day_of_week = {{ week_start_day }}),
last_days as (
select distinct year_number - {{ shift_year }} as fiscal_year_number, month_end_date from days where month_of_year = {{ year_end_month }}),
last_weeks as (
select fiscal_weeks.fiscal_year_number, fiscal_weeks.week_end_date,
rank() over (partition by fiscal_weeks.fiscal_year_number order by abs({{ dbt.datediff('fiscal_weeks.week_end_date', 'last_days.month_end_date', 'day') }})) as nearness
from fiscal_weeks join last_days on last_days.fiscal_year_number = fiscal_weeks.fiscal_year_number
where fiscal_weeks.month_of_year = {{ year_end_month }}),
fiscal_years as (
select fiscal_year_number, cast({{ dbt.dateadd('day', 1, 'lag(week_end_date) over (order by week_end_date)') }} as date) as fiscal_year_start_date, week_end_date as fiscal_year_end_date
from last_weeks where nearness = 1)
select days.date_day, fiscal_years.fiscal_year_number, fiscal_years.fiscal_year_start_date, fiscal_years.fiscal_year_end_date, fiscal_weeks.week_start_date, fiscal_weeks.week_end_date,
dense_rank() over (partition by fiscal_years.fiscal_year_number order by fiscal_weeks.week_start_date) as fiscal_week_of_year
from days
join fiscal_years on days.date_day between fiscal_years.fiscal_year_start_date and fiscal_years.fiscal_year_end_date
join fiscal_weeks on days.date_day between fiscal_weeks.week_start_date and fiscal_weeks.week_end_date
order by 1
{% endmacro %}
{# Quarters of 4, 5 and 4 weeks; a week 53 belongs to the last period. #}
{% macro get_fiscal_periods(dates, year_end_month, week_start_day, shift_year=1) %}
with weeks as (
{{ dbt_date.get_fiscal_year_dates(dates, year_end_month, week_start_day, shift_year) }}
),
quarters as (
select weeks.*, cast(least(floor((fiscal_week_of_year - 1) / 13.0), 3) as {{ dbt.type_int() }}) as quarters_before, mod(cast(fiscal_week_of_year - 1 as {{ dbt.type_int() }}), 13) as weeks_before
from weeks),
periods as (
select quarters.*, case when fiscal_week_of_year = 53 or weeks_before > 8 then 3 when weeks_before > 3 then 2 else 1 end as fiscal_period_of_quarter
from quarters),
numbered as (
select periods.*, cast(quarters_before * 3 + fiscal_period_of_quarter as {{ dbt.type_int() }}) as fiscal_period_number from periods)
select date_day, fiscal_year_number, week_start_date, week_end_date, fiscal_week_of_year,
dense_rank() over (partition by fiscal_period_number order by fiscal_week_of_year) as fiscal_week_of_period,
fiscal_period_number, quarters_before + 1 as fiscal_quarter_number, fiscal_period_of_quarter
from numbered
order by 1, 2
{% endmacro %}
