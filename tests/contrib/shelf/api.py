"""Views of REST framework and an async one, as a site would write them."""

from __future__ import annotations

from typing import ClassVar

from asgiref.sync import sync_to_async
from django import forms
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from samepic.contrib.django.rest import UniqueImageField

from .models import Avatar, Item


class ItemSerializer(serializers.ModelSerializer):
    """Knows nothing of samepic."""

    class Meta:
        """All of an item."""

        model = Item
        fields = ("id", "code", "image")


class AvatarSerializer(serializers.ModelSerializer):
    """Gets its owner, and so its tenant, only when it is saved."""

    class Meta:
        """The picture alone."""

        model = Avatar
        fields = ("id", "image")


class LookSerializer(serializers.Serializer):
    """Has a picture that nothing keeps."""

    picture = UniqueImageField()


class PlainSerializer(ItemSerializer):
    """Has a field of REST framework itself, which does not look."""

    image = serializers.ImageField()


class Items(generics.ListCreateAPIView):
    """Items, and new ones."""

    queryset = Item.objects.order_by("pk")
    serializer_class = ItemSerializer


class OneItem(generics.RetrieveUpdateDestroyAPIView):
    """One item."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer


class PlainItems(Items):
    """The same by a serializer that does not look."""

    serializer_class = PlainSerializer


class Avatars(generics.CreateAPIView):
    """New avatars of somebody."""

    queryset = Avatar.objects.all()
    serializer_class = AvatarSerializer

    def perform_create(self, serializer: AvatarSerializer) -> None:
        """Save with the owner."""
        serializer.save(owner=self.request.query_params["owner"])


class Look(APIView):
    """Says what the gate would say."""

    authentication_classes: ClassVar[list[object]] = []

    def post(self, request: Request) -> Response:
        """Look, with no care for refusals."""
        serializer = LookSerializer(data=request.data)
        if not serializer.is_valid():
            return Response(serializer.errors, status=400)
        return Response({"outcome": serializer.validated_data["picture"].decision.outcome})


class ItemForm(forms.ModelForm):
    """The fields of an item."""

    class Meta:
        """All of them."""

        model = Item
        fields = ("code", "image")


async def upload(request: HttpRequest) -> JsonResponse:
    """Take an item in, by a form or, where the query says so, without looking before."""
    if "unseen" in request.GET:
        item = Item(code=request.POST["code"], image=request.FILES["image"])
        await item.asave()
        return JsonResponse({"id": item.pk}, status=201)
    form = ItemForm(request.POST, request.FILES)
    if not await sync_to_async(form.is_valid)():
        return JsonResponse(form.errors, status=422)
    item = await sync_to_async(form.save)()
    return JsonResponse({"id": item.pk}, status=201)


urlpatterns = [
    path("items/", Items.as_view()),
    path("items/<int:pk>/", OneItem.as_view()),
    path("plain/", PlainItems.as_view()),
    path("avatars/", Avatars.as_view()),
    path("look/", Look.as_view()),
    path("upload/", upload),
    path("", include("gallery.urls")),
]
