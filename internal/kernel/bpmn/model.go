package bpmn

import "khue/internal/kernel/decl"

// Namespaces of the files that the package reads and writes.
const (
	NS     = "http://www.omg.org/spec/BPMN/20100524/MODEL"
	NSKhue = "https://khue.vn/bpmn/1"
)

// Model is one definitions file: what it says of flows, events and tasks. What the
// package does not know is kept for the round trip and listed by Element.Unknown.
type Model struct {
	ID, Name       string
	Processes      []*Process
	Collaborations []Collaboration
	Messages       []Named // by id: name
	Signals        []Named
	Errors         []Named // Name is the error code; the code's absence leaves it empty
	Escalations    []Named
	Diagrams       []Diagram

	source *source // what was read, for Write; nil of a model made in code
}

// Collaboration is the pools of a file and what flows between them. It is drawn and
// does not change how a process runs.
type Collaboration struct {
	Pos          decl.Pos
	ID, Name     string
	Participants []Participant
	MessageFlows []MessageFlow
	Artifacts    []Artifact
	Associations []Association
}

// Participant is a pool. Process is empty of one whose inside is not shown.
type Participant struct {
	Pos      decl.Pos
	ID, Name string
	Process  string
	Multiple bool
}

// MessageFlow goes between pools or elements of different pools.
type MessageFlow struct {
	Pos      decl.Pos
	ID, Name string
	From, To string
}

// Named is a root element that events refer to.
type Named struct {
	Pos   decl.Pos
	ID    string
	Name  string // message's or signal's name; code of an error or escalation
	Attrs Attrs  // khue: attributes
}

// Process is one process of a file.
type Process struct {
	Pos        decl.Pos
	ID, Name   string
	Doc        string
	Executable bool
	Attrs      Attrs // khue: attributes
	Ext        []Ext // khue: extension elements, in order
	Lanes      []Lane
	Body
}

// Lane groups elements; nested lanes stand after the lane that holds them.
type Lane struct {
	Pos      decl.Pos
	ID, Name string
	Parent   string // id of the lane that holds it
	Attrs    Attrs
	Elements []string // ids
}

// Body is what a process or a sub-process holds.
type Body struct {
	Elements     []*Element
	Flows        []*Flow
	Associations []Association // compensation handlers hang on their boundary events by these
	Artifacts    []Artifact
	DataFlows    []DataFlow
}

// ArtifactKind is what is drawn beside the flow: "textAnnotation", "group",
// "dataObject", "dataStore", "dataInput", "dataOutput".
type ArtifactKind string

// The kinds of artifacts.
const (
	Annotation ArtifactKind = "textAnnotation"
	Group      ArtifactKind = "group"
	DataObject ArtifactKind = "dataObject"
	DataStore  ArtifactKind = "dataStore"
	DataInput  ArtifactKind = "dataInput"
	DataOutput ArtifactKind = "dataOutput"
)

// Artifact is a note, a group or data. It is drawn and does not change how a process runs.
type Artifact struct {
	Pos        decl.Pos
	ID, Name   string // Name is the text of an annotation
	State      string // of data: "draft"
	Kind       ArtifactKind
	Collection bool
}

// DataFlow is drawn between an element and data.
type DataFlow struct {
	ID, From, To string
}

// Kind is the name of a flow element as it stands in a file: "userTask", "startEvent",
// "parallelGateway". Kinds that the standard does not have are Foreign.
type Kind string

// The kinds of elements.
const (
	StartEvent        Kind = "startEvent"
	EndEvent          Kind = "endEvent"
	CatchEvent        Kind = "intermediateCatchEvent"
	ThrowEvent        Kind = "intermediateThrowEvent"
	BoundaryEvent     Kind = "boundaryEvent"
	Task              Kind = "task"
	UserTask          Kind = "userTask"
	ManualTask        Kind = "manualTask"
	ServiceTask       Kind = "serviceTask"
	BusinessRuleTask  Kind = "businessRuleTask"
	SendTask          Kind = "sendTask"
	ReceiveTask       Kind = "receiveTask"
	ScriptTask        Kind = "scriptTask"
	CallActivity      Kind = "callActivity"
	SubProcess        Kind = "subProcess"
	Transaction       Kind = "transaction"
	AdHocSubProcess   Kind = "adHocSubProcess"
	ExclusiveGateway  Kind = "exclusiveGateway"
	ParallelGateway   Kind = "parallelGateway"
	InclusiveGateway  Kind = "inclusiveGateway"
	EventBasedGateway Kind = "eventBasedGateway"
	ComplexGateway    Kind = "complexGateway"
	Foreign           Kind = "foreign"
)

// Element is one node of a flow.
type Element struct {
	Pos      decl.Pos
	ID, Name string
	Kind     Kind
	Doc      string // documentation, plain text
	Attrs    Attrs  // khue: attributes by local name
	Ext      []Ext  // khue: extension elements, in order

	Events       []EventDef // of events; several are a multiple event
	AttachedTo   string     // of a boundary event
	Interrupting bool       // of boundary events and of starts of event sub-processes; true unless said
	Default      string     // id of the default flow
	Loop         *Loop      // nil: once
	Called       string     // calledElement of a call activity
	Message      string     // messageRef of a send or receive task
	Script       decl.Text
	ScriptFormat string
	Triggered    bool // event sub-process
	Compensates  bool // isForCompensation
	Instantiate  bool // of receive tasks and event-based gateways
	Body         *Body

	// Unknown are names of child elements or attributes that change the meaning and that
	// the package does not read: "standardLoopCharacteristics", "ioSpecification".
	Unknown []string
}

// EventDefKind is what an event waits for or throws: "message", "timer", "signal",
// "error", "escalation", "compensate", "terminate", "conditional", "link", "cancel".
type EventDefKind string

// The kinds of event definitions.
const (
	Message     EventDefKind = "message"
	Timer       EventDefKind = "timer"
	Signal      EventDefKind = "signal"
	Error       EventDefKind = "error"
	Escalation  EventDefKind = "escalation"
	Compensate  EventDefKind = "compensate"
	Terminate   EventDefKind = "terminate"
	Conditional EventDefKind = "conditional"
	Link        EventDefKind = "link"
	Cancel      EventDefKind = "cancel"
)

// EventDef is one definition of an event.
type EventDef struct {
	Pos  decl.Pos
	Kind EventDefKind
	Ref  string // messageRef, signalRef, errorRef, escalationRef, activityRef; the name of a link

	Date, Duration, Cycle decl.Text // of timers
	Condition             decl.Text // of conditional events
	Attrs                 Attrs     // khue: attributes
}

// Loop is multi-instance.
type Loop struct {
	Pos         decl.Pos
	Sequential  bool
	Cardinality decl.Text
	Completion  decl.Text
	Attrs       Attrs // khue: attributes
}

// Flow is a sequence flow.
type Flow struct {
	Pos       decl.Pos
	ID, Name  string
	From, To  string
	Condition decl.Text
	Language  string // of the condition; empty: the file's
	Attrs     Attrs  // khue: attributes
}

// Association joins a compensation event to its handler, or a note to what it is about.
type Association struct {
	From, To string
	ID       string
	Directed string // "One", "Both"; else it has no arrow
}

// Attrs are khue: attributes by local name.
type Attrs map[string]decl.Text

// Ext is a khue: extension element: its local name and its attributes by local name.
type Ext struct {
	Pos   decl.Pos
	Name  string
	Attrs Attrs
}

// Diagram is the drawing of a file (BPMNDI).
type Diagram struct {
	ID, Name string
	Plane    string // id of the process or collaboration drawn
	Shapes   []Shape
	Edges    []Edge
}

// Shape is a drawn element. Horizontal is of lanes and pools, Expanded of sub-processes.
type Shape struct {
	ID, Element          string
	X, Y, W, H           float64
	Horizontal, Expanded bool
	Marker               bool
	Label                *Bounds
}

// Edge is a drawn flow.
type Edge struct {
	ID, Element string
	Points      []Point
	Label       *Bounds
}

// Bounds is a rectangle in the drawing's units.
type Bounds struct{ X, Y, W, H float64 }

// Point is a point of an edge.
type Point struct{ X, Y float64 }
