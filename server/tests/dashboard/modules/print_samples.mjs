// Prints the code samples of the request that stands on stdin, as JSON.
import { readFileSync } from "node:fs";

import { samplesOf } from "../../../src/fondaco/http/assets/dashboard/lib/playground/samples.js";

const request = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(samplesOf(request, "http://127.0.0.1:8000/api/v1")));
