-- The catalogue: everything on sale now, and everything that once was.
create table shop.products (
    product_id integer primary key,
    sku text not null unique,
    product_name text not null,
    category text,
    supplier text not null,
    reorder_level integer not null,
    discontinued boolean not null
);
