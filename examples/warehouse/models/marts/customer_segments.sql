-- Who gets the newsletter, and how well we know them. One row per customer_id.
with activity as (
    select
        customer_id,
        count(distinct order_id) as orders,
        max(ordered_at) as last_ordered_at
    from core.orders
    group by customer_id
)

select
    c.customer_id,
    c.email,
    c.country,
    act.last_ordered_at,
    case
        when act.orders is null then 'curious'
        when act.orders = 1 then 'new'
        else 'regular'
    end as segment
from core.customers as c
left join activity as act on act.customer_id = c.customer_id
left join core.addresses as adr on adr.customer_id = c.customer_id
where c.newsletter
    and c.closed_on is null
