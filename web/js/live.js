// htmx, for regions that refresh themselves. Its settings are in <meta name="htmx-config">.
import 'htmx.org'
