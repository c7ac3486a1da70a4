// Package presets holds policies to begin with: each loads as it is, says what
// it is for in its comments, and claims in its own tests what it is meant to
// say. `passerelle policy preset` shows them, demo decides by plateau-6.
//
//	jobphoning-3  JobPhoning's three profiles on the three roles of a CRM
//	nocrm-3       noCRM's three levels
//	plateau-6     six roles around a call floor
//	vtiger        a tree of roles, defaults and sharing
//
// They name standard fields only, so that they load against any catalog.
package presets
