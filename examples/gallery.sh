#!/usr/bin/env bash
# Makes all pictures of README.md again, into results/. On two CPU cores this takes about an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
c=images/inputs/content s=images/inputs/style m=images/inputs/mask d=images/inputs/doodle rows="--image_size 300 --num_iter 4"

python network.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/castle --image_size 400 --num_iter 8 --content_weight 1
for weight in 0.05 2 20; do
  python network.py images/inputs/content/neuschwanstein-castle.jpg images/inputs/style/starry-night.jpg results/castle-$weight --image_size 300 --num_iter 4 --content_weight $weight
done
python network.py $c/great-wall.jpg $s/great-wave.jpg results/single $rows --content_weight 2
for second in 0.2 0.4 1; do
  python network.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/two-1-$second $rows --content_weight 2 --style_weight 1 $second
done
python network.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/masked --image_size 300 --num_iter 3 --content_weight 2 --keep_unmasked --mask_feather 6 --style_masks $m/castle-sky.png
python network.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/two-masks $rows --content_weight 2 --style_weight 1 1 --style_masks $m/castle-sky.png $m/castle-ground.png
python network.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg $s/village-street-in-auvers.jpg results/sky-to-sky $rows --content_weight 2 --style_weight 1 1 --style_mask_space style --style_masks $m/starry-night-sky.png $m/village-street-ground.png --content_masks $m/castle-sky.png $m/castle-ground.png
python network.py $c/neuschwanstein-castle.jpg $s/starry-night.jpg results/preserved $rows --content_weight 2 --preserve_color
for style in composition-viii great-wave; do
  python network.py $c/kingfisher-silhouette.png $s/$style.jpg results/silhouette-$style --image_size 300 --num_iter 6 --content_weight 0.2
done
for style in great-wave starry-night; do
  python network.py $s/$style.jpg $s/$style.jpg results/texture-$style --image_size 300 --num_iter 8 --content_weight 0 --init_image noise --pool_type ave --total_variation_weight 1e-3
done
