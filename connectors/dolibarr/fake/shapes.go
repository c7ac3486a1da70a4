package fake

import "strings"

// The properties of each kind of object, as the API shows them: those without a
// letter are null; s is a text, i a number, l an empty list, o an object.
const (
	partyShape = "module:s id:s entity:s import_key array_options:l array_languages contacts_ids contacts_ids_internal " +
		"linkedObjectsIds canvas fk_project contact_id user origin_type origin_id ref:s ref_ext:s statut status:s " +
		"country_id:s country_code:s state_id region_id barcode_type barcode_type_coder mode_reglement_id cond_reglement_id " +
		"demand_reason_id transport_mode_id shipping_method_id shipping_method fk_multicurrency:s multicurrency_code:s " +
		"multicurrency_tx multicurrency_total_ht multicurrency_total_tva multicurrency_total_localtax1 " +
		"multicurrency_total_localtax2 multicurrency_total_ttc last_main_doc fk_account:s note_public note_private " +
		"actiontypecode name:s lastname firstname civility_id civility_code date_creation:i date_validation " +
		"date_modification:i tms date_cloture user_author user_creation user_creation_id:s user_valid user_validation " +
		"user_validation_id user_closing_id user_modification user_modification_id:s fk_user_creat fk_user_modif specimen:i " +
		"totalpaid extraparams:l product cond_reglement_supplier_id deposit_percent retained_warranty_fk_cond_reglement " +
		"warehouse_id SupplierCategories:l prefixCustomerIsRequired name_alias:s phone:s phone_mobile fax email:s no_email " +
		"skype twitter facebook linkedin url barcode idprof1:s idprof2:s idprof3:s idprof4:s idprof5:s idprof6:s idprof7 " +
		"idprof8 idprof9 idprof10 socialobject tva_assuj:s tva_intra:s vat_reverse_charge:i localtax1_assuj:s " +
		"localtax1_value:s localtax2_assuj:s localtax2_value:s managers capital typent_id:s typent_code effectif:s " +
		"effectif_id forme_juridique_code forme_juridique:s remise_percent:i remise_supplier_percent:s " +
		"mode_reglement_supplier_id transport_mode_supplier_id fk_prospectlevel:s client:s prospect:i fournisseur:s " +
		"code_client:s code_fournisseur code_compta_client accountancy_code_customer_general accountancy_code_customer " +
		"code_compta_fournisseur accountancy_code_supplier_general accountancy_code_supplier code_compta_product stcomm_id:s " +
		"stcomm_picto status_prospect_label:s price_level outstanding_limit order_min_amount supplier_order_min_amount parent " +
		"default_lang ip webservices_url webservices_key logo logo_small logo_mini logo_squarred logo_squarred_small " +
		"logo_squarred_mini accountancy_code_sell:s accountancy_code_buy:s currency_code fk_warehouse termsofsale " +
		"partnerships:l bank_account code_compta fk_incoterms:s label_incoterms location_incoterms socialnetworks:l address:s " +
		"zip:s town:s"

	eventShape = "module id:s entity:s import_key array_options:l array_languages contacts_ids contacts_ids_internal " +
		"linkedObjectsIds:l fk_project origin_type ref:s status:s shipping_method fk_multicurrency multicurrency_code " +
		"multicurrency_tx multicurrency_total_ht multicurrency_total_tva multicurrency_total_localtax1 " +
		"multicurrency_total_localtax2 multicurrency_total_ttc last_main_doc note_public note_private:s actiontypecode " +
		"civility_code date_creation date_validation date_modification tms date_cloture user_author user_creation " +
		"user_creation_id user_valid user_validation user_validation_id user_closing_id user_modification " +
		"user_modification_id fk_user_creat fk_user_modif specimen:i totalpaid extraparams product cond_reglement_supplier_id " +
		"deposit_percent retained_warranty_fk_cond_reglement warehouse_id type_id:s type:s type_code:s type_label:s " +
		"type_color type_picto code:s label:s datec:i duree datem:i authorid:s usermodid datep:i datef:i " +
		"date_start_in_calendar date_end_in_calendar datep2 durationp:i fulldayevent:s ponctuel percentage:s location:s " +
		"transparency:s priority:s userassigned:o userownerid:s socpeopleassigned:l otherassigned:l reminders:l socid:s " +
		"fk_task elementid elementtype fk_bookcal_calendar icalname icalcolor email_msgid email_from email_reply_to " +
		"email_sender email_to email_tocc email_tobcc email_subject errors_to num_vote event_paid:s ip recurid recurrule " +
		"recurdateend:s calling_duration"

	userShape = "module id:s entity:s import_key array_options:l array_languages contacts_ids contacts_ids_internal linkedObjectsIds " +
		"canvas fk_project contact_id user origin_type origin_id ref:s ref_ext statut:s status:s country_id country_code:s " +
		"state_id region_id barcode_type barcode_type_coder mode_reglement_id cond_reglement_id demand_reason_id " +
		"transport_mode_id shipping_method fk_multicurrency multicurrency_code multicurrency_tx multicurrency_total_ht " +
		"multicurrency_total_tva multicurrency_total_localtax1 multicurrency_total_localtax2 multicurrency_total_ttc " +
		"last_main_doc fk_account note_public:s note_private:s actiontypecode name lastname:s firstname:s civility_id " +
		"civility_code:s date_creation date_validation date_modification tms date_cloture user_author user_creation " +
		"user_creation_id user_valid user_validation user_validation_id user_closing_id user_modification " +
		"user_modification_id fk_user_creat fk_user_modif specimen:i totalpaid extraparams:l product " +
		"cond_reglement_supplier_id deposit_percent retained_warranty_fk_cond_reglement warehouse_id employee:s fullname " +
		"gender:s birth:s email:s email_oauth2 personal_email:s socialnetworks:l job:s signature:s office_phone:s " +
		"office_fax:s user_mobile:s personal_mobile:s admin:s login:s pass_crypted datec:i datem:i socid fk_member fk_user " +
		"fk_user_expense_validator fk_user_holiday_validator clicktodial_url clicktodial_login clicktodial_poste " +
		"datelastpassvalidation:s datelastlogin:s datepreviouslogin:s flagdelsessionsbefore:i iplastlogin ippreviouslogin " +
		"datestartvalidity:s dateendvalidity:s photo lang rights:o user_group_list conf:o users:l parentof " +
		"accountancy_code_user_general:s accountancy_code:s thm tjm salary salaryextra weeklyhours color:s dateemployment:s " +
		"dateemploymentend:s default_c_exp_tax_cat ref_employee:s national_registration_number:s default_range fk_warehouse " +
		"fk_establishment label_establishment usergroup_entity address:s zip:s town:s url"

	groupShape = "module id:i entity:i import_key array_options:l array_languages contacts_ids contacts_ids_internal linkedObjectsIds " +
		"canvas fk_project contact_id user origin_type origin_id ref:s ref_ext statut status country_id country_code state_id " +
		"region_id barcode_type barcode_type_coder mode_reglement_id cond_reglement_id demand_reason_id transport_mode_id " +
		"shipping_method fk_multicurrency multicurrency_code multicurrency_tx multicurrency_total_ht multicurrency_total_tva " +
		"multicurrency_total_localtax1 multicurrency_total_localtax2 multicurrency_total_ttc last_main_doc fk_account " +
		"note_public note_private actiontypecode name:s lastname firstname civility_id civility_code date_creation " +
		"date_validation date_modification tms:i date_cloture user_author user_creation user_creation_id user_valid " +
		"user_validation user_validation_id user_closing_id user_modification user_modification_id fk_user_creat " +
		"fk_user_modif specimen:i totalpaid extraparams:l product cond_reglement_supplier_id deposit_percent " +
		"retained_warranty_fk_cond_reglement warehouse_id nom:s globalgroup usergroup_entity datec:i members:l nb_users " +
		"rights"

	categoryShape = "module id:s entity:i import_key array_options:l array_languages contacts_ids contacts_ids_internal linkedObjectsIds " +
		"origin_type origin_id ref ref_ext status state_id region_id demand_reason_id transport_mode_id shipping_method " +
		"fk_multicurrency multicurrency_code multicurrency_tx multicurrency_total_ht multicurrency_total_tva " +
		"multicurrency_total_localtax1 multicurrency_total_localtax2 multicurrency_total_ttc last_main_doc note_public " +
		"note_private actiontypecode civility_code date_creation:i date_validation date_modification:i tms date_cloture " +
		"user_author user_creation user_creation_id:i user_valid user_validation user_validation_id user_closing_id " +
		"user_modification user_modification_id:i fk_user_creat fk_user_modif specimen:i totalpaid extraparams:l product " +
		"cond_reglement_supplier_id deposit_percent retained_warranty_fk_cond_reglement warehouse_id MAP_ID:o fk_parent:i " +
		"label:s description:s color:s position:s visible:i type:s childs:l multilangs:l"
)

// object is an answer with all properties of a kind, empty.
func object(shape string) map[string]any {
	out := map[string]any{}
	for _, word := range strings.Fields(shape) {
		name, letter, _ := strings.Cut(word, ":")
		switch letter {
		case "":
			out[name] = nil
		case "s":
			out[name] = ""
		case "i":
			out[name] = 0
		case "l":
			out[name] = []any{}
		case "o":
			out[name] = map[string]any{}
		}
	}
	return out
}
