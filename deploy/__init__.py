"""What runs Kuacheng: units, images, manifests, and the programs that make parts of them."""
