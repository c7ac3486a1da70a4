package policy_test

import (
	"fmt"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

func Example() {
	rules, err := policy.Load("policy.yaml", []byte(`
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: assigned, read: [class public], write: [prospect.status], propose: [prospect.lead_status]}
profiles:
  phoning.dialler: {agent: caller}
`), bridge.Standard())
	if err != nil {
		fmt.Println(err) // all findings, with file, line and column
		return
	}
	alice := policy.Subject{Person: "alice", Connection: "phoning.dialler", Profile: "agent"}
	lead := policy.Record{Assignee: "alice"}

	card := rules.Project(alice, lead, map[bridge.FieldName]bridge.Value{"prospect.name": "Acme", "prospect.phone": "0123456789"})
	admission := rules.Admit(alice, lead, []bridge.FieldName{"prospect.status", "prospect.lead_status", "prospect.owner"})
	fmt.Println(card)
	fmt.Println(admission.Write, admission.Propose, admission.Refused[0].Reason)
	fmt.Println(rules.Explain(alice, policy.Read, policy.OnField("prospect.phone"), lead).Text("fr"))
	// Output:
	// map[prospect.name:Acme]
	// [prospect.status] [prospect.lead_status] no grant lets role caller write prospect.owner
	// Aucun droit ne permet au rôle caller de lire prospect.phone. Le plus petit changement qui en déciderait autrement : ajouter prospect.phone à la liste read du droit caller/prospect/assigned (policy.yaml:6:9).
}
