-- What our advertising costs: a file that the advertising network drops here each
-- night. No key is declared, since none would hold: rows arrive late, twice, or not
-- at all, and the network corrects a day by sending that day again.
create table adnet.campaign_spend (
    campaign text,
    spend_date date,
    amount numeric(12, 2),
    clicks integer,
    impressions integer,
    received_at timestamp
);
