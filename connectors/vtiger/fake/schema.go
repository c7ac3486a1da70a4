package fake

import "strings"

// moduleDef is what the CRM knows of a module.
type moduleDef struct {
	name, label, singular, prefix string
	names                         string // labelFields
	fields                        []fieldDef
	actor                         bool // no entity: users, groups
}

type fieldDef struct {
	name, label, kind             string
	mandatory, nullable, editable bool
	choices, refers               []string
}

func (m *moduleDef) field(name string) (fieldDef, bool) {
	for _, f := range m.fields {
		if f.name == name {
			return f, true
		}
	}
	return fieldDef{}, false
}

// listed is the modules of listtypes in the order of a fresh 8.0.0, each with
// its singular.
const listed = `Campaigns|Vendors|Faq|Quotes|PurchaseOrder|SalesOrder|Invoice|PriceBooks|Calendar|Leads|Accounts|Contacts|Potentials|Products|Documents|Emails|HelpDesk|Events|Users|PBXManager|ServiceContracts|Services|ProjectMilestone|ProjectTask|Project|ModComments|SMSNotifier|Assets|Groups|Currency|DocumentFolders|CompanyDetails|LineItem|Tax|ProductTaxes`

// prefixes are those of a fresh installation; another has others.
var prefixes = map[string]string{
	"Campaigns": "1", "Leads": "10", "Accounts": "11", "Contacts": "12", "Potentials": "13", "Events": "18", "Users": "19",
	"Groups": "20", "ModComments": "31", "cbCalendar": "45",
}

var actors = map[string]bool{"Users": true, "Groups": true, "Currency": true, "DocumentFolders": true, "CompanyDetails": true, "LineItem": true, "Tax": true, "ProductTaxes": true}

// fields are one a line: name, label, type, flags. Flags: m mandatory, n
// nullable, l locked by the system; choices and references stand behind a colon.
const (
	leads = `salutationtype|Salutation|string|n
firstname|First Name|string|n
lead_no|Lead Number|string|l
phone|Primary Phone|phone|n
lastname|Last Name|string|m
mobile|Mobile Phone|phone|n
company|Company|string|
fax|Fax|phone|n
designation|Designation|string|n
email|Primary Email|email|n
leadsource|Lead Source|picklist:Cold Call,Existing Customer,Self Generated,Employee,Partner,Public Relations,Direct Mail,Conference,Trade Show,Web Site,Word of mouth,Other|n
website|Website|url|n
industry|Industry|picklist:Apparel,Banking,Biotechnology,Chemicals,Communications,Construction,Consulting,Education,Other|n
leadstatus|Lead Status|picklist:Attempted to Contact,Cold,Contact in Future,Contacted,Hot,Junk Lead,Lost Lead,Not Contacted,Pre Qualified,Qualified,Warm|n
annualrevenue|Annual Revenue|currency|n
rating|Rating|picklist:Acquired,Active,Market Failed,Project Cancelled,Shutdown|n
noofemployees|Number of Employees|integer|n
assigned_user_id|Assigned To|owner|m
secondaryemail|Secondary Email|email|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
emailoptout|Email Opt Out|boolean|n
source|Source|string|nl
starred|starred|boolean|n
tags|tags|string|n
lane|Street|text|n
code|Postal Code|string|n
city|City|string|n
country|Country|string|n
state|State|string|n
pobox|PO Box|string|n
description|Description|text|n`
	contacts = `account_id|Organization Name|reference:Accounts|n
assistant|Assistant|string|n
assistantphone|Assistant Phone|phone|n
birthday|Date of Birth|date|n
contact_no|Contact Id|string|l
createdtime|Created Time|datetime|l
department|Department|string|n
description|Description|text|n
donotcall|Do Not Call|boolean|n
email|Primary Email|email|n
emailoptout|Email Opt Out|boolean|n
fax|Fax|phone|n
firstname|First Name|string|n
homephone|Home Phone|phone|n
imagename|Contact Image|image|n
isconvertedfromlead|Is Converted From Lead|boolean|n
lastname|Last Name|string|m
leadsource|Lead Source|picklist:Cold Call,Existing Customer,Self Generated,Employee,Partner,Public Relations,Direct Mail,Conference,Trade Show,Web Site,Word of mouth,Other|n
mailingcity|Mailing City|string|n
mailingcountry|Mailing Country|string|n
mailingpobox|Mailing P.O. Box|string|n
mailingstate|Mailing State|string|n
mailingstreet|Mailing Street|text|n
mailingzip|Mailing Zip|string|n
mobile|Mobile Phone|phone|n
modifiedby|Last Modified By|reference:Users|
modifiedtime|Modified Time|datetime|l
notify_owner|Notify Owner|boolean|n
othercity|Other City|string|n
othercountry|Other Country|string|n
otherphone|Secondary Phone|phone|n
otherpobox|Other P.O. Box|string|n
otherstate|Other State|string|n
otherstreet|Other Street|text|n
otherzip|Other Zip|string|n
phone|Office Phone|phone|n
portal|Portal User|boolean|n
reference|Reference|boolean|n
contact_id|Reports To|reference:Contacts|n
salutationtype|Salutation|string|n
secondaryemail|Secondary Email|email|n
assigned_user_id|Assigned To|owner|m
source|Source|string|nl
starred|starred|boolean|n
support_end_date|Support End Date|date|n
support_start_date|Support Start Date|date|n
tags|tags|string|n
title|Title|string|n`
	accounts = `accountname|Organization Name|string|m
phone|Primary Phone|phone|n
industry|Industry|picklist:Apparel,Banking,Other|n
annual_revenue|Annual Revenue|currency|n
bill_city|Billing City|string|n
description|Description|text|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
assigned_user_id|Assigned To|owner|m
source|Source|string|nl`
	potentials = `potentialname|Opportunity Name|string|m
sales_stage|Sales Stage|picklist:Prospecting,Qualification,Closed Won,Closed Lost|m
closingdate|Expected Close Date|date|m
amount|Amount|currency|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
assigned_user_id|Assigned To|owner|m
source|Source|string|nl`
	events = `subject|Subject|string|mn
assigned_user_id|Assigned To|owner|m
date_start|Start Date & Time|date|m
time_start|Time Start|time|mn
due_date|End Date|date|mn
time_end|End Time|time|mn
recurringtype|Repeat|picklist:Daily,Weekly,Monthly,Yearly|n
duration_hours|Duration|integer|mn
duration_minutes|Duration Minutes|picklist:00,15,30,45|n
parent_id|Related To|reference:Accounts,Campaigns,HelpDesk,Invoice,Leads,Potentials,PurchaseOrder,Quotes,SalesOrder|
eventstatus|Status|picklist:Planned,Held,Not Held|mn
sendnotification|Send Notification|boolean|
activitytype|Activity Type|picklist:Call,Meeting,Mobile Call|m
location|Location|string|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
taskpriority|Priority|picklist:High,Medium,Low|n
notime|No Time|boolean|
visibility|Visibility|picklist:Private,Public|
modifiedby|Last Modified By|reference:Users|
description|Description|text|n
reminder_time|Send Reminder|integer|
contact_id|Contact Name|reference:Contacts|
source|Source|string|nl
starred|starred|boolean|n
tags|tags|string|n`
	calendar = `subject|Subject|string|m
assigned_user_id|Assigned To|owner|m
activitytype|Activity Type|picklist:Call,Meeting|m
eventstatus|Status|picklist:Planned,Held,Not Held|m
dtstart|Start Date & Time|datetime|m
dtend|End Date & Time|datetime|n
rel_id|Related To|reference:Accounts,Leads,Potentials|n
cto_id|Contact Name|reference:Contacts|n
location|Location|string|n
visibility|Visibility|picklist:Private,Public|n
description|Description|text|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
source|Source|string|nl`
	comments = `commentcontent|Comment|text|m
related_to|Related To|reference:Leads,Contacts,Accounts,Potentials|m
assigned_user_id|Assigned To|owner|m
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
source|Source|string|nl`
	campaigns = `campaignname|Campaign Name|string|m
closingdate|Expected Close Date|date|m
campaignstatus|Campaign Status|picklist:Planning,Active,Completed|n
createdtime|Created Time|datetime|l
modifiedtime|Modified Time|datetime|l
modifiedby|Last Modified By|reference:Users|
assigned_user_id|Assigned To|owner|m
source|Source|string|nl`
	people = `user_name|User Name|string|m
is_admin|Admin|boolean|
email1|Primary Email|email|m
first_name|First Name|string|n
last_name|Last Name|string|m
status|Status|picklist:Active,Inactive|
roleid|Role|reference:|m`
	groups = `groupname|Group Name|string|m
description|Description|text|n`
)

func definitions(corebos bool) map[string]*moduleDef {
	texts := map[string]string{
		"Leads": leads, "Contacts": contacts, "Accounts": accounts, "Potentials": potentials, "Events": events,
		"ModComments": comments, "Campaigns": campaigns, "Users": people, "Groups": groups,
	}
	names := strings.Split(listed, "|")
	if corebos {
		delete(texts, "Events")
		texts["cbCalendar"] = calendar
		names = append(names, "cbCalendar")
	}
	out := map[string]*moduleDef{}
	for _, name := range names {
		if corebos && name == "Events" {
			continue
		}
		prefix := prefixes[name]
		if prefix == "" {
			prefix = "9"
		}
		out[name] = &moduleDef{name: name, label: name, singular: strings.TrimSuffix(name, "s"), prefix: prefix, names: labelFields[name], actor: actors[name], fields: parseFields(texts[name])}
	}
	return out
}

var labelFields = map[string]string{"Leads": "firstname,lastname", "Contacts": "firstname,lastname", "Accounts": "accountname", "Events": "subject", "cbCalendar": "subject"}

func parseFields(text string) []fieldDef {
	var out []fieldDef
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		kind, list, _ := strings.Cut(parts[2], ":")
		f := fieldDef{
			name: parts[0], label: parts[1], kind: kind,
			mandatory: strings.Contains(parts[3], "m"), nullable: strings.Contains(parts[3], "n"), editable: !strings.Contains(parts[3], "l"),
		}
		switch {
		case kind == "reference":
			f.refers = strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
		case list != "":
			f.choices = strings.Split(list, ",")
		}
		out = append(out, f)
	}
	return out
}
