-- Who gets the newsletter, and how well we know them. One row per customer_id.
with subscribers as (
    select
        customer_id,
        email,
        country
    from core.customers
    where closed_on is null
        and newsletter
),

activity as (
    select
        customer_id,
        count(distinct order_id) as orders,
        max(ordered_at) as last_ordered_at
    from core.orders
    group by customer_id
)

select
    subscribers.customer_id,
    subscribers.email,
    subscribers.country,
    activity.last_ordered_at,
    case
        when activity.orders is null then 'curious'
        when activity.orders = 1 then 'new'
        else 'regular'
    end as segment
from subscribers
left join activity on activity.customer_id = subscribers.customer_id
