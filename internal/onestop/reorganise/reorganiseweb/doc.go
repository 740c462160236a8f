// Package reorganiseweb shows reorganisations: leaders of the city propose, approve and watch
// them at /admin/reorganise, officers answer at /desk/splits where a dossier of a divided
// commune belongs, and so may its applicant.
//
// It owns no table. What must not come here: any rule of who goes where (reorganise).
package reorganiseweb
