import { Command } from "commander";
import { backfillCommand } from "./backfill";
import { canonicalizeFiles, type Output } from "./canonicalize";
import { compareCommand } from "./compare";
import { completionCommand } from "./completion";
import { doctorCommand } from "./doctor";
import { driftCommand } from "./drift";
import { withExamples } from "./examples";
import { failOnUsage } from "./exit";
import { failureJson } from "./failure";
import { graphCommand } from "./graph";
import { importCommand } from "./import";
import { lintCommand } from "./lint";
import { operationsCommand } from "./operations";
import { rehearseCommand } from "./rehearse";
import { reportCommand } from "./report";
import { serverCommand } from "./server";
import { statusCommand } from "./status";
import { testCommand } from "./test";
import { verifyCommand } from "./verify";

const { version } = require("../../package.json") as { version: string };

const OUTPUT: Output = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

const program = new Command("clickhouse-schema")
  .description("Tools beside the Pulumi resources of pulumi-clickhouse-schema")
  .version(version);

program
  .command("canonicalize")
  .description("print CREATE statements in the engine's canonical form: what the resources store and compare")
  .argument("[file...]", "SQL files; standard input without any. Statements are separated by semicolons, sources first")
  .action(async (files: string[]) => {
    process.exitCode = await canonicalizeFiles(files, OUTPUT);
  });

program
  .addCommand(operationsCommand(OUTPUT))
  .addCommand(importCommand(OUTPUT))
  .addCommand(driftCommand(OUTPUT))
  .addCommand(compareCommand(OUTPUT))
  .addCommand(doctorCommand(OUTPUT))
  .addCommand(lintCommand(OUTPUT))
  .addCommand(testCommand(OUTPUT))
  .addCommand(rehearseCommand(OUTPUT))
  .addCommand(reportCommand(OUTPUT))
  .addCommand(graphCommand(OUTPUT))
  .addCommand(statusCommand(OUTPUT))
  .addCommand(backfillCommand(OUTPUT))
  .addCommand(verifyCommand(OUTPUT))
  .addCommand(serverCommand(OUTPUT))
  .addCommand(completionCommand(program, OUTPUT));

void withExamples(failOnUsage(program, (message) => OUTPUT.out(failureJson("option-invalid", message)))).parseAsync();
