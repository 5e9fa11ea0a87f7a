-- Addresses of record, spelt in one way. One row per customer_id.
select
    customer_id,
    trim(city) as city,
    upper(replace(postcode, ' ', '')) as postcode,
    upper(trim(country)) as country
from shop.addresses
