-- Orders that stand: placed, and not cancelled since. One row per order_id.
select
    o.order_id,
    o.customer_id,
    o.ordered_at,
    cast(date_trunc('month', o.ordered_at) as date) as order_month,
    o.status,
    o.sales_channel,
    o.amount,
    o.shipping_fee,
    p.promo_code,
    coalesce(p.discount, 0) as discount
from staging.stg_orders as o
left join staging.stg_promotions as p on p.order_id = o.order_id
where o.status <> 'cancelled'
