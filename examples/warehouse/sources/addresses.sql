-- The address of record: at most one for each customer, none for some.
create table shop.addresses (
    address_id integer primary key,
    customer_id integer not null unique,
    street text not null,
    city text not null,
    postcode text,
    country text not null,
    foreign key (customer_id) references shop.customers (customer_id)
);
