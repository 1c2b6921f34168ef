# What a Ruby client does with the oauth2 library: says where to send the person, takes the code, refreshes, and uses
# the token. Reads what it is to do as JSON from the first line, the code from the second.
require "json"
require "oauth2"

asked = JSON.parse($stdin.gets)
options = { site: asked["site"], authorize_url: asked["authorize_url"], token_url: asked["token_url"],
            auth_scheme: asked["auth_scheme"].to_sym }
client = OAuth2::Client.new(asked["client_id"], asked["client_secret"], options)
request = { redirect_uri: asked["redirect_uri"], scope: asked["scope"], state: asked["state"] }.compact
puts client.auth_code.authorize_url(request)
$stdout.flush

code = $stdin.gets.strip
token = client.auth_code.get_token(code, { redirect_uri: asked["redirect_uri"] }.compact)
token.options[:header_format] = "#{asked["header"]} %s"
tokens = [token.token, token.refresh_token]
if asked["refreshes"]
  client.options[:token_url] = asked["refresh_url"] if asked["refresh_url"]
  token = token.refresh!
  token.options[:header_format] = "#{asked["header"]} %s"
  tokens += [token.token, token.refresh_token]
end
method, path = asked["resource"]
puts JSON.generate("status" => token.request(method.downcase.to_sym, path).status, "tokens" => tokens)
