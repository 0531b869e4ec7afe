"""The nodes of an account, and what ends."""

from django.urls import URLPattern, URLResolver, path

from mail.views import expiry, nodes

urlpatterns: list[URLPattern | URLResolver] = [
    path("nodes/", nodes.node_list, name="nodes"),
    path("nodes/rows/", nodes.rows, name="node_rows"),
    path("nodes/add/", nodes.add, name="add_node"),
    path("nodes/offer/", nodes.offer, name="node_offer"),
    path("nodes/<str:fingerprint>/", nodes.node, name="node"),
    path("nodes/<str:fingerprint>/detail/", nodes.detail, name="node_detail"),
    path("nodes/<str:fingerprint>/change/", nodes.change, name="change_node"),
    path("nodes/<str:fingerprint>/withdraw/", nodes.withdraw, name="withdraw_node"),
    path("ends/", expiry.endings, name="endings"),
    path("ends/aside/", expiry.put_aside, name="put_aside"),
    path("renew/<slug:kind>/<str:fingerprint>/", expiry.renew, name="renew"),
]
