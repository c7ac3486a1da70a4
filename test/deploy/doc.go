// Package deploy checks what lies in the folder deploy against the program: the
// examples load, the dashboard and the alerts speak of metrics that a hub shows,
// the NATS config makes a cluster, the unit and the image start a hub, the
// runbook's commands exist, and a release is the same bytes wherever it is made.
package deploy
