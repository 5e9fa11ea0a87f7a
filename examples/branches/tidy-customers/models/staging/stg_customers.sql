-- Customers without the accounts that we made ourselves. One row per customer_id.
select
    customers.customer_id,
    lower(trim(customers.email)) as email,
    customers.full_name,
    customers.signed_up_at::date as signed_up_on,
    customers.closed_at::date as closed_on,
    customers.newsletter
from shop.customers as customers
where not customers.is_staff
    and not customers.is_test
