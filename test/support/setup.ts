/** Loaded by mocha before any test. */
import fc from "fast-check";
import { SEED } from "./effort";

// One seed for all properties, so that a run can be repeated.
fc.configureGlobal({ seed: SEED });
