// Package i18n holds what the house says, in Vietnamese and in English.
//
// Each module carries i18n/vi.yaml and i18n/en.yaml; app loads them into one
// Bundle and refuses to start where a key or a placeholder stands in one
// language only. The package also writes dates and money as each language does,
// and folds Vietnamese for search.
//
// What must not come here: any sentence; choosing the language of a request
// (kernel/web).
package i18n
