-- The shop's customer accounts: one for each e-mail address, open or closed.
create table shop.customers (
    customer_id  integer   primary key,
    email        text      not null unique,
    full_name    text      not null,
    signed_up_at timestamp not null,
    closed_at    timestamp,            -- null while the account is open
    newsletter   boolean   not null,   -- asked for it, and has not left it since
    is_test      boolean   not null,   -- made by the robot that tries the checkout
    is_staff     boolean   not null
);
