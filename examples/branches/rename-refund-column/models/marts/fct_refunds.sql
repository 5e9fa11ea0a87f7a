-- Money given back. One row per month and reason.
select
    cast(date_trunc('month', r.refunded_on) as date) as month,
    r.refund_reason as reason,
    count(*) as refunds,
    sum(r.amount) as refunded
from core.refunds as r
group by cast(date_trunc('month', r.refunded_on) as date), r.refund_reason
