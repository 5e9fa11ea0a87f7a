-- What should stand on the bank statement. One row per settled_on and method.
select
    settled_on,
    method,
    count(*) as payments,
    sum(amount) as paid,
    sum(fee) as fees,
    sum(received) as received
from core.payments
group by settled_on, method
