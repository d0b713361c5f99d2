"""Endpoints of Venice's API, in the order in which the documentation lists them."""

from fondaco.http.apis.venice.billing import billing_usage, usage_summary
from fondaco.http.apis.venice.characters import list_characters, show_character
from fondaco.http.apis.venice.images import (
    edit_image,
    generate_image,
    list_styles,
    upscale_image,
)
from fondaco.http.apis.venice.keys import (
    change_key,
    create_key,
    delete_key,
    list_keys,
    show_key,
)
from fondaco.http.apis.venice.models import (
    list_models,
    model_compatibility,
    model_traits,
    show_model,
)
from fondaco.http.apis.venice.rate_limits import rate_limit_log, rate_limit_usage, rate_limits
from fondaco.http.apis.venice.tee import tee_attestation, tee_signature
from fondaco.http.apis.venice.video import (
    complete_video,
    list_jobs,
    queue_video,
    quote_video,
    retrieve_video,
)
from fondaco.http.apis.venice.wallets import wallet_key, wallet_token
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    list_models.ENDPOINT,
    model_traits.ENDPOINT,
    model_compatibility.ENDPOINT,
    show_model.ENDPOINT,
    generate_image.ENDPOINT,
    upscale_image.ENDPOINT,
    edit_image.ENDPOINT,
    list_styles.ENDPOINT,
    quote_video.ENDPOINT,
    queue_video.ENDPOINT,
    retrieve_video.ENDPOINT,
    complete_video.ENDPOINT,
    list_jobs.ENDPOINT,
    tee_attestation.ENDPOINT,
    tee_signature.ENDPOINT,
    list_characters.ENDPOINT,
    show_character.ENDPOINT,
    create_key.ENDPOINT,
    list_keys.ENDPOINT,
    rate_limits.ENDPOINT,
    rate_limit_log.ENDPOINT,
    rate_limit_usage.ENDPOINT,
    show_key.ENDPOINT,
    change_key.ENDPOINT,
    delete_key.ENDPOINT,
    wallet_token.ENDPOINT,
    wallet_key.ENDPOINT,
    billing_usage.ENDPOINT,
    usage_summary.ENDPOINT,
)
