import { Database, MaterializedView, sql, Table, View } from "pulumi-clickhouse-schema";

const shop = new Database("shop");

const orders = new Table("orders", {
  database: shop,
  columns: { time: "DateTime", product: "LowCardinality(String)", price: "Decimal(12, 2)" },
  orderBy: ["product", "time"],
});

const daily = new Table("daily", {
  database: shop,
  columns: {
    day: "Date",
    product: "LowCardinality(String)",
    revenue: "SimpleAggregateFunction(sum, Decimal(38, 2))",
  },
  engine: "AggregatingMergeTree",
  orderBy: ["product", "day"],
});

new MaterializedView("daily_mv", {
  database: shop,
  to: daily,
  query: sql`SELECT toDate(time) AS day, product, sum(price) AS revenue FROM ${orders} GROUP BY day, product`,
});

export const report = new View("daily_read", {
  database: shop,
  query: sql`SELECT day, product, sum(revenue) AS revenue FROM ${daily} AS d GROUP BY day, product`,
}).qualifiedName;
