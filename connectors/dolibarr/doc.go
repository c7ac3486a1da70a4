// Package dolibarr connects Dolibarr 18 to 22: its third parties are the
// prospects, a category is a campaign's selection, agenda events of type AC_TEL
// are the calls and AC_RDV the appointments.
//
// Of the REST API (htdocs/api, {site}/api/index.php, module "API/Web services")
// it uses status, thirdparties, categories, agendaevents, users, users/groups,
// setup/extrafields and setup/dictionary/event_types, with the key of one user
// in the header DOLAPIKEY. What each of them does was read in the 22.0.4 source
// and seen on a running 22.0.4; README.md says what was proved and what was not.
//
// What is peculiar: an empty list of third parties is a 404; a status that the
// dictionary lacks is taken and hides the record from every list; a text is
// cleaned on its way in ([form]); events hold our ids in two extra fields.
package dolibarr
