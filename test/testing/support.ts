import assert from "node:assert/strict";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseCreate } from "../../provider/src/sql/parse";
import { Bed } from "../../provider/src/testing/bed";
import { runTest, type TestResult } from "../../provider/src/testing/run";
import type { ViewTest } from "../../provider/src/testing/test";
import { renderMismatch } from "../../provider/src/testing/text";
import { temporaryBase } from "../support/server";

/** The objects of some statements on an engine of their own. */
export function bedOf(...statements: readonly string[]): Promise<Bed> {
  return Bed.open(statements.map((sql) => parseCreate(sql)));
}

/** Runs a test, which has no name here. */
export function run(bed: Bed, test: Omit<ViewTest, "name">): Promise<TestResult> {
  return runTest(bed, { test: { name: "", ...test } });
}

/** Runs a test that has to pass. */
export async function pass(bed: Bed, test: Omit<ViewTest, "name">): Promise<void> {
  const { mismatches, reasons, status } = await run(bed, test);
  const said = [...reasons, ...mismatches.map((one) => renderMismatch(one, { color: false }))].join("\n");
  assert.equal(status, "passed", said);
}

/** A folder with a program, which finds the packages of this repository, and other files. */
export function programFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(temporaryBase(), "program-"));
  symlinkSync(path.resolve(__dirname, "../../node_modules"), path.join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

/** A program with a rollup. */
export const SHOP = `
const { count, Database, Rollup, sum, Table } = require("pulumi-clickhouse-schema");
const pulumi = require("@pulumi/pulumi");
const shop = new Database(new pulumi.Config("shop").get("database") ?? "shop");
const orders = new Table("orders", {
  database: shop,
  columns: { time: "DateTime('UTC')", product: "LowCardinality(String)", price: "Decimal(12, 2)" },
  orderBy: ["product", "time"],
});
new Rollup("daily", {
  source: orders,
  keys: ["product"],
  bucket: { name: "day", every: "day", time: "time" },
  measures: { orders: count(), revenue: sum("price") },
});
`;
