"""HTTP 404s that say nothing about the thing that was asked for: of gateways, proxies, and of who is no member."""

ODD = {
    "html": "<html><body>not found</body></html>",
    "empty": "",
    "text": "404 page not found",
    "no code": {"message": "API not found"},
    "APIG.0101": {"error_code": "APIG.0101", "error_msg": "The API does not exist or has not been published"},
    "APIGW.0101": {"error_code": "APIGW.0101", "error_msg": "The API does not exist or has not been published"},
    "project": {"error_code": "DEVPIPE.30021001", "error_msg": "project does not exist"},
    "member": {"error_code": "DEVPIPE.00011412", "error_msg": "not a member"},
    "unknown code": {"error_code": "DEVPIPE.00099999", "error_msg": "who knows"},
}
