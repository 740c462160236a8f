package rights

// Journal subjects: an account, a request, a batch, a hold.
const (
	subjectAccount = "rights.account"
	subjectRequest = "rights.request"
	subjectBatch   = "rights.batch"
	subjectHold    = "rights.hold"
	// subjectDossier is what a request about a dossier says that it is about.
	subjectDossier = "dossier"
)

// Kinds of journal entries.
const (
	KindConsent  = "rights.consent"
	KindAsked    = "rights.asked"
	KindAnswered = "rights.answered"
	KindExported = "rights.exported"
	KindAgreed   = "rights.agreed"
	KindErased   = "rights.erased" // one a dossier: what was erased, by which rule
	KindExpired  = "rights.expired"
	KindHeld     = "rights.held" // the first asked: it holds from here on
	KindLifted   = "rights.lifted"
	KindLimited  = "rights.limited" // a restriction or an objection begins
	KindFreed    = "rights.freed"   // and is lifted

	KindHoldAgreed  = "rights.holdAgreed"
	KindHoldRefused = "rights.holdRefused"
	KindLiftAsked   = "rights.liftAsked"
	KindLiftRefused = "rights.liftRefused"
)

// happened is the payload of all of them.
type happened struct {
	Purpose string `json:"purpose,omitempty"`
	Given   bool   `json:"given,omitempty"`
	Kind    string `json:"kind,omitempty"`
	State   string `json:"state,omitempty"`
	Words   string `json:"words,omitempty"`
	By      string `json:"by,omitempty"`
	Rule    string `json:"rule,omitempty"`
	N       int    `json:"n,omitempty"`

	Decision  string   `json:"decision,omitempty"` // of a hold, or of its end
	OrderedBy string   `json:"orderedBy,omitempty"`
	Of        []string `json:"of,omitempty"` // codes of dossiers, rows of persons
}
