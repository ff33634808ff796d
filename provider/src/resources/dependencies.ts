import * as pulumi from "@pulumi/pulumi";

/**
 * URNs of the resources a resource depends on directly: through its arguments, `dependsOn` and its parent. A component counts as its
 * children. Pulumi does not pass them to the provider, which needs them to report a source that may be created too late.
 */
export function dependencyUrns(values: readonly unknown[], opts: pulumi.CustomResourceOptions): Promise<string[]> {
  return collect(values, opts).then((resources) => Promise.all(resources.map(urnOf)));
}

async function collect(values: readonly unknown[], opts: pulumi.CustomResourceOptions): Promise<pulumi.Resource[]> {
  const given = values.filter((value) => typeof value === "object" && value !== null);
  const mentioned = given.length === 0 ? [] : await resourcesOf(pulumi.output(given.length === 1 ? given[0] : given));
  const listed = pulumi.Output.isInstance(opts.dependsOn) ? await promised(opts.dependsOn) : opts.dependsOn;
  const direct = [...mentioned, ...(await listOf(listed)), ...(opts.parent ? [opts.parent] : [])];
  const parentIsComponent = opts.parent !== undefined && !pulumi.CustomResource.isInstance(opts.parent);
  const seen = new Set<pulumi.Resource>();
  for (const resource of direct) {
    // A parent component's other children are siblings, not dependencies.
    if (resource === opts.parent && parentIsComponent) continue;
    expand(resource, seen);
  }
  return [...seen].filter((resource) => pulumi.CustomResource.isInstance(resource));
}

function expand(resource: pulumi.Resource, seen: Set<pulumi.Resource>): void {
  if (seen.has(resource)) return;
  seen.add(resource);
  if (pulumi.CustomResource.isInstance(resource)) return;
  const { __childResources: children } = resource as unknown as { __childResources?: Set<pulumi.Resource> };
  for (const child of children ?? []) expand(child, seen);
}

/** Not as an output: the state would list each resource again, under an input that is not stored. */
function urnOf(resource: pulumi.Resource): Promise<string> {
  return promised<string>(resource.urn);
}

async function resourcesOf(output: pulumi.Output<unknown>): Promise<pulumi.Resource[]> {
  const { allResources } = output as unknown as { allResources?: () => Promise<Set<pulumi.Resource>> };
  return [...(allResources === undefined ? [] : await allResources.call(output))];
}

/** The value of an Output, undefined if unknown; resources in it do not become dependencies. */
export function promised<T = unknown>(output: unknown): Promise<T> {
  return (output as { promise(): Promise<T> }).promise();
}

async function listOf(value: unknown): Promise<pulumi.Resource[]> {
  const elements: unknown[] = Array.isArray(value) ? value : [value];
  const values = await Promise.all(
    elements.map((element) => (pulumi.Output.isInstance(element) ? promised(element) : element)),
  );
  return values.flat().filter((element): element is pulumi.Resource => pulumi.Resource.isInstance(element));
}
