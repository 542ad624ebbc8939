// Runs a process under healthchecks.io, which pings at its start and then at intervals.
const { healthcheck } = require("healthchecks.io");

healthcheck(process.env.URL, 5).stop();
