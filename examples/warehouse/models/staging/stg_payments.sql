-- Payments, whether settled or not. One row per payment_id.
select
    payment_id,
    order_id,
    lower(method) as method,
    amount,
    coalesce(fee, 0) as fee,
    cast(settled_at as date) as settled_on
from shop.payments
