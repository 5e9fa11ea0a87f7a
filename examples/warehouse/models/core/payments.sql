-- Payments whose money has arrived. One row per payment_id, not per order.
select
    payment_id,
    order_id,
    method,
    amount,
    fee,
    amount - fee as received,
    settled_on
from staging.stg_payments
where settled_on is not null
