-- Where customers live, as far as we know. One row per customer_id.
select distinct
    customer_id,
    city,
    postcode,
    country
from staging.stg_addresses
