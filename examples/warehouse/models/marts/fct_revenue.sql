-- Revenue from orders with a settled payment. One row per month and country.
select
    o.order_month as month,
    c.country,
    count(*) as orders,
    sum(o.amount) as revenue,
    sum(o.shipping_fee) as shipping,
    sum(o.discount) as discounts
from core.orders as o
inner join core.customers as c on c.customer_id = o.customer_id
where exists (
    select 1
    from core.payments as p
    where p.order_id = o.order_id
)
group by o.order_month, c.country
