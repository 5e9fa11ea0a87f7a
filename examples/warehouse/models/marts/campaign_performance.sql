-- What advertising costs, month by month. One row per month and campaign.
with by_month as (
    select
        cast(date_trunc('month', spend_date) as date) as month,
        campaign,
        sum(amount) as spend,
        sum(clicks) as clicks
    from core.campaign_spend
    group by cast(date_trunc('month', spend_date) as date), campaign
)

select
    month,
    campaign,
    spend,
    clicks,
    spend / nullif(clicks, 0) as cost_per_click
from by_month
