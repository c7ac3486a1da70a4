// Package doctor looks at a connection with the eyes of whoever has to answer
// for it: does the CRM answer, whose key is it and how much wider is it than
// needed, which mappings name something that is not there, do the clocks and
// zones agree, do the people of the config exist there.
//
// It promises to change nothing in the CRM, to ask each question once, and to
// show no value of any record. [Examine] is for any connection; [Probe] makes
// the whole round on one record that a person names, through a guard that lets
// nothing else be touched; [Import] drafts a policy from what the CRM says its
// users may do.
//
// Called by app, for the API's and the command's sake.
package doctor
