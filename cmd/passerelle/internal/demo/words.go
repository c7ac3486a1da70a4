package demo

// region is a part of France as its telephone numbers see it.
type region struct {
	numbers   string // the block that is kept for fiction there
	territory string
	owner     string // whose portfolio it is in
	cities    []city
}

type city struct{ name, postalCode string }

var regions = []region{
	{"01 99 00", "Île-de-France", "claire", []city{
		{"Paris", "75011"}, {"Paris", "75015"}, {"Boulogne-Billancourt", "92100"}, {"Nanterre", "92000"},
		{"Montreuil", "93100"}, {"Créteil", "94000"}, {"Versailles", "78000"}, {"Évry-Courcouronnes", "91000"},
	}},
	{"02 61 91", "Nord-Ouest", "claire", []city{
		{"Nantes", "44000"}, {"Rennes", "35000"}, {"Le Mans", "72000"}, {"Angers", "49000"}, {"Caen", "14000"},
		{"Rouen", "76000"}, {"Brest", "29200"}, {"Tours", "37000"}, {"Orléans", "45000"},
	}},
	{"03 53 01", "Nord-Est", "claire", []city{
		{"Lille", "59000"}, {"Roubaix", "59100"}, {"Strasbourg", "67000"}, {"Reims", "51100"}, {"Metz", "57000"},
		{"Nancy", "54000"}, {"Dijon", "21000"}, {"Besançon", "25000"}, {"Mulhouse", "68100"},
	}},
	{"04 65 71", "Sud-Est", "hugo", []city{
		{"Lyon", "69003"}, {"Villeurbanne", "69100"}, {"Grenoble", "38000"}, {"Saint-Étienne", "42000"},
		{"Marseille", "13002"}, {"Nice", "06000"}, {"Montpellier", "34000"}, {"Annecy", "74000"}, {"Clermont-Ferrand", "63000"},
	}},
	{"05 36 49", "Sud-Ouest", "hugo", []city{
		{"Bordeaux", "33000"}, {"Mérignac", "33700"}, {"Toulouse", "31000"}, {"Blagnac", "31700"}, {"Limoges", "87000"},
		{"Pau", "64000"}, {"Poitiers", "86000"}, {"La Rochelle", "17000"}, {"Bayonne", "64100"},
	}},
}

// sector is a trade and how its companies begin their names.
type sector struct {
	name  string
	names []string
}

var sectors = []sector{
	{"Transport et logistique", []string{"Transports", "Messageries", "Logistique"}},
	{"Bâtiment et travaux publics", []string{"Constructions", "Menuiserie", "Toitures", "Électricité"}},
	{"Industrie mécanique", []string{"Ateliers", "Mécanique", "Fonderie", "Tôlerie"}},
	{"Agroalimentaire", []string{"Conserverie", "Biscuiterie", "Laiterie", "Maison"}},
	{"Services informatiques", []string{"Numérique", "Solutions", "Réseaux"}},
	{"Conseil et expertise", []string{"Cabinet", "Conseil", "Audit"}},
	{"Commerce de gros", []string{"Comptoir", "Négoce", "Établissements"}},
	{"Santé et laboratoires", []string{"Laboratoires", "Pharmacie", "Optique"}},
	{"Imprimerie et communication", []string{"Imprimerie", "Studio", "Éditions"}},
	{"Hôtellerie et restauration", []string{"Hôtel", "Traiteur", "Auberge"}},
}

var companyEnds = []string{"", "", "", " & Fils", " Frères", " et Associés", " France", " Industrie", " Services"}

var firstNames = []string{
	"Adrien", "Agnès", "Amandine", "Antoine", "Aurélie", "Bastien", "Béatrice", "Benoît", "Camille", "Catherine",
	"Cédric", "Céline", "Chantal", "Clément", "Corinne", "Delphine", "Didier", "Élise", "Émilie", "Éric", "Fabrice",
	"Fatima", "Florence", "Franck", "Gaëlle", "Gérard", "Guillaume", "Hélène", "Inès", "Isabelle", "Jérôme", "Julie",
	"Karim", "Laurence", "Léa", "Loïc", "Lucie", "Magali", "Marc", "Mélanie", "Mehdi", "Nathalie", "Nicolas", "Noémie",
	"Olivier", "Pascale", "Philippe", "Quentin", "Rachid", "Romain", "Sandrine", "Sébastien", "Sylvie", "Thierry",
	"Valérie", "Vincent", "Virginie", "Xavier", "Yann", "Yasmine",
}

var lastNames = []string{
	"Aubert", "Baron", "Benoit", "Bertin", "Blanchard", "Bouvier", "Brunet", "Carpentier", "Charrier", "Chevalier",
	"Collet", "Cordier", "Da Silva", "Delacroix", "Delattre", "Dubreuil", "Dumont", "Fabre", "Ferreira", "Garnier",
	"Gauthier", "Gillet", "Guérin", "Hamel", "Hubert", "Jacquet", "Joly", "Kaci", "Lacroix", "Lefèvre", "Legrand",
	"Lemoine", "Le Goff", "Maillard", "Mallet", "Marchal", "Masson", "Ménard", "Meunier", "Millet", "Morvan", "Navarro",
	"Nguyen", "Noël", "Ollivier", "Pasquier", "Pelletier", "Périer", "Picard", "Prévost", "Quéméner", "Renaud", "Rivière",
	"Rousseau", "Royer", "Sanchez", "Schmitt", "Tessier", "Vasseur", "Weber",
}

var jobTitles = []string{
	"Responsable des ventes", "Responsable des achats", "Responsable marketing", "Responsable comptable",
	"Responsable informatique", "Responsable des opérations", "Responsable de site", "Secrétaire de direction",
	"Gestionnaire de comptes", "Membre de la direction générale",
}

var streets = []string{
	"rue de la République", "avenue Jean-Jaurès", "boulevard Victor-Hugo", "rue des Artisans", "allée des Tilleuls",
	"rue de l'Industrie", "zone d'activité des Quatre-Vents", "quai des Marchands", "rue Pasteur", "chemin du Moulin",
}

var (
	origins         = []string{"Salon", "Site web", "Recommandation", "Fichier loué", "Ancien client", "Partenaire"}
	segments        = []string{"TPE", "PME", "ETI", "Grand compte"}
	leadStatuses    = []string{"Nouveau", "À qualifier", "Qualifié"}
	accountStatuses = []string{"Prospect", "Prospect", "Prospect", "Client", "Client perdu"}
	stages          = []string{"Découverte", "Proposition", "Négociation"}
	priorities      = []string{"A – à gagner cette année", "B – à suivre", "C – opportuniste"}
	confidences     = []string{
		"rachat en discussion, ne pas évoquer le calendrier",
		"litige de 2024 clos à l'amiable",
		"conditions d'un concurrent connues de la direction seule",
		"départ du dirigeant prévu, successeur à identifier",
	}
)
