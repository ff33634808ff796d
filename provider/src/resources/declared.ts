import * as pulumi from "@pulumi/pulumi";
import { promised } from "./dependencies";
import { foreknown } from "./foreknown";

/** A declaration, as a resource class made it from its arguments. */
export interface Declared {
  readonly kind: string;
  readonly resourceName: string;
  readonly database: pulumi.Input<string> | undefined;
  readonly name: pulumi.Input<string>;
  readonly args: object;
}

/** Longest wait for an argument's value, in milliseconds. */
const LIMIT = 1000;

/** The declarations in program order, without those that are secret or not known within a second. */
export async function declarationsOf(declared: readonly Declared[]): Promise<object[]> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, LIMIT, undefined));
  const known = async ({ kind, resourceName, database, name, args }: Declared): Promise<object[]> => {
    const all = pulumi.output(
      foreknown({ database, name, args }) as { database: unknown; name: unknown; args: object },
    );
    const isOpen = (await Promise.race([pulumi.isSecret(all), late])) === false;
    const found = isOpen ? await Promise.race([promised<object>(all), late]) : undefined;
    return found === undefined ? [] : [{ ...found, kind, resourceName }];
  };
  return (await Promise.all(declared.map((one) => known(one).catch(() => [])))).flat();
}
