-- Advertising spend, last word on each day. One row per campaign and spend_date.
with ranked as (
    select
        campaign,
        spend_date,
        amount,
        clicks,
        row_number() over (
            partition by campaign, spend_date
            order by
                received_at desc nulls last,
                amount desc nulls last,
                clicks desc nulls last
        ) as version
    from staging.stg_campaign_spend
)

select
    campaign,
    spend_date,
    coalesce(amount, 0) as amount,
    coalesce(clicks, 0) as clicks
from ranked
where version = 1
