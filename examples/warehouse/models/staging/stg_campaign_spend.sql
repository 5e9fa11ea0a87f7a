-- Advertising spend as it was received, repeats and all. No key.
select
    lower(trim(campaign)) as campaign,
    spend_date,
    amount,
    clicks,
    received_at
from adnet.campaign_spend
where campaign is not null
    and spend_date is not null
